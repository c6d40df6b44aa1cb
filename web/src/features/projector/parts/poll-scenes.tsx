import { Progress } from '@mantine/core'
import { IconCircleCheck, IconCircleX } from '@tabler/icons-react'
import { useTexts } from '@/shared/i18n/texts'
import type { Poll, Room } from '@/shared/room-types'
import { useFormat } from '@/shared/session'
import { useRoomView } from '@/shared/use-room'
import { texts as pollTexts } from '@/shared/voting/i18n'
import { TallyBar } from '@/shared/voting/tally-bar'
import { baseCount, ruleWords, sumWords } from '@/shared/voting/words'
import { texts } from '../i18n'
import { lengthOf } from '../length'
import styles from '../projector.module.css'

/** While a poll is open the wall counts who has voted, never how. */
export function PollScene({ room, poll }: { room: Room; poll: Poll }) {
  const t = useTexts(texts)
  const p = useTexts(pollTexts)
  const told = useRoomView(room.meeting.id, view => view.turnout[poll.id])
  const cast = told?.cast ?? 0
  const entitled = told?.entitled ?? poll.entitled.length
  const words = p('turnout', { cast, entitled })
  return (
    <section className={styles.scene}>
      <p className={styles.kicker} data-live>
        {t('polling')}
      </p>
      <h1 className={styles.large} data-question data-length={lengthOf(poll.question)}>
        {poll.question}
      </h1>
      <p className={styles.under}>{ruleWords(p, poll.rule, baseCount(room, poll))}</p>
      <div className={styles.turnout}>
        <p className={`dh-numbers ${styles.large}`}>{words}</p>
        <Progress
          value={entitled === 0 ? 0 : (100 * cast) / entitled}
          color="for"
          className={styles.bar ?? ''}
          aria-label={words}
        />
      </div>
    </section>
  )
}

export function ResultScene({ poll }: { poll: Poll }) {
  const t = useTexts(texts)
  const p = useTexts(pollTexts)
  const format = useFormat()
  const { tally } = poll
  if (!tally) return null
  const Verdict = tally.carried ? IconCircleCheck : IconCircleX
  return (
    <section className={styles.scene}>
      <p className={styles.kicker}>{t('result')}</p>
      <h1 className={styles.verdict} data-carried={tally.carried}>
        <Verdict size="1em" aria-hidden />
        {p(tally.carried ? 'carried' : 'rejected')}
      </h1>
      <p
        className={`${styles.large} ${styles.outcome}`}
        data-question
        data-length={lengthOf(poll.question)}
        title={poll.question}
      >
        {poll.question}
      </p>
      <div className={styles.turnout}>
        <TallyBar tally={tally} wall />
      </div>
      <p className={styles.sum}>{sumWords(p, format, poll.rule, tally)}</p>
    </section>
  )
}
