import { Button } from '@mantine/core'
import { IconCircleCheck, IconCircleX } from '@tabler/icons-react'
import { useEffect, useId, useRef } from 'react'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import type { Poll, Room } from '@/shared/room-types'
import { attendantOf } from '@/shared/room-views'
import { useFormat } from '@/shared/session'
import { StatusBadge } from '@/shared/ui/status-badge'
import { texts as pollTexts } from '@/shared/voting/i18n'
import { CHOICES, TallyBar } from '@/shared/voting/tally-bar'
import { sumWords } from '@/shared/voting/words'
import { texts } from '../i18n'
import styles from '../voting.module.css'

interface ResultSheetProps {
  poll: Poll
  room: Room
  onAway: () => void
}

/** Words first, then the bar, then the arithmetic, then who voted how. */
export function ResultSheet({ poll, room, onAway }: ResultSheetProps) {
  const t = useTexts(texts)
  const p = useTexts(pollTexts)
  const c = useTexts(common)
  const format = useFormat()
  const title = useId()
  const head = useRef<HTMLHeadingElement>(null)
  useEffect(() => head.current?.focus({ preventScroll: true }), [])
  const { tally } = poll
  if (!tally) return null
  const Verdict = tally.carried ? IconCircleCheck : IconCircleX
  const voted = new Set(tally.ballots.map(ballot => ballot.voter_id))
  const silent = poll.entitled.filter(id => !voted.has(id)).map(id => attendantOf(room, id)?.name ?? '')
  const columns = [
    ...CHOICES.map(choice => ({
      key: choice,
      word: p(`choice.${choice}`),
      names: tally.ballots.filter(ballot => ballot.choice === choice).map(ballot => ballot.name),
    })),
    { key: 'silent', word: p('silent'), names: silent.filter(Boolean) },
  ]
  return (
    <section className={styles.sheet} role="dialog" aria-labelledby={title} data-testid="poll-result">
      <header className={styles.sheetHead}>
        <StatusBadge tone="neutral">{t('outcome.title')}</StatusBadge>
        <Button variant="default" onClick={onAway}>
          {c('close')}
        </Button>
      </header>
      <div className={styles.outcome}>
        <h2 id={title} ref={head} tabIndex={-1} className={styles.verdict} data-carried={tally.carried}>
          <Verdict size="1.1em" aria-hidden />
          {p(tally.carried ? 'carried' : 'rejected')}
        </h2>
        <p className={styles.asked}>{poll.question}</p>
        <TallyBar tally={tally} />
        <p className={styles.sum}>{sumWords(p, format, poll.rule, tally)}</p>
        <h3 className={styles.label}>{t('outcome.who')}</h3>
        <div className={styles.columns}>
          {columns.map(column => (
            <section key={column.key} aria-label={column.word}>
              <h4 className={styles.small}>
                {column.word} ({column.names.length})
              </h4>
              <ul className={styles.names} translate="no">
                {column.names.map((name, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: two people may have one name; the list never changes
                  <li key={index}>{name}</li>
                ))}
              </ul>
            </section>
          ))}
        </div>
      </div>
    </section>
  )
}
