import { Button } from '@mantine/core'
import { IconCheck, IconDeviceTabletDown, IconFileText, IconLoader } from '@tabler/icons-react'
import { useEffect, useId, useRef, useState } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import type { Choice, Poll, Room } from '@/shared/room-types'
import { attendantOf } from '@/shared/room-views'
import { useFormat, useMe } from '@/shared/session'
import { ConfirmIrreversible } from '@/shared/ui/confirm-irreversible'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { StatusBadge } from '@/shared/ui/status-badge'
import { useAct, useRoomView } from '@/shared/use-room'
import { texts as pollTexts } from '@/shared/voting/i18n'
import { CHOICES, GLYPHS } from '@/shared/voting/tally-bar'
import { baseCount, ruleWords } from '@/shared/voting/words'
import { texts } from '../i18n'
import styles from '../voting.module.css'
import { Turnout } from './poll-card'

interface BallotSheetProps {
  poll: Poll
  room: Room
  meeting_id: string
  onAway: () => void
}

/** The ballot: the question in full, three large choices, and what became of mine. */
export function BallotSheet({ poll, room, meeting_id, onAway }: BallotSheetProps) {
  const t = useTexts(texts)
  const p = useTexts(pollTexts)
  const me = useMe().id
  const act = useAct(meeting_id)
  const title = useId()
  const head = useRef<HTMLHeadingElement>(null)
  const kept = useRoomView(meeting_id, view =>
    view.kept.findLast(one => one.command.kind === 'cast_ballot' && one.command.poll_id === poll.id),
  )
  const waiting = kept?.command.kind === 'cast_ballot' ? kept.command.choice : null
  const recorded = room.me.ballots[poll.id] ?? null
  const choice = waiting ?? recorded
  const [changing, setChanging] = useState(false)
  const [asking, setAsking] = useState<Choice | null>(null)
  const present = attendantOf(room, me)?.state === 'present'

  useEffect(() => head.current?.focus({ preventScroll: true }), [])

  const cast = (next: Choice): void => {
    setAsking(null)
    setChanging(false)
    if (next !== choice) void act.run({ kind: 'cast_ballot', poll_id: poll.id, choice: next })
  }

  return (
    <section className={styles.sheet} role="dialog" aria-labelledby={title} data-testid="ballot">
      <header className={styles.sheetHead}>
        <StatusBadge tone="live">{t('sheet.title')}</StatusBadge>
        <Button variant="subtle" leftSection={<IconFileText size={22} aria-hidden />} onClick={onAway}>
          {t('sheet.read')}
        </Button>
      </header>
      <h2 id={title} ref={head} tabIndex={-1} className={styles.asked}>
        {poll.question}
      </h2>
      <p className={styles.small}>{ruleWords(p, poll.rule, baseCount(room, poll))}</p>
      <div className={styles.sheetBody}>
        <ProblemNotice problem={act.problem} />
        {!present ? (
          <div className={styles.choice}>
            <p>{t('sheet.checkIn')}</p>
            <Button
              size="xl"
              loading={act.pending}
              onClick={() => void act.run({ kind: 'check_in', person_id: null, heads: null })}
            >
              {t('sheet.checkInNow')}
            </Button>
          </div>
        ) : choice === null || changing ? (
          <>
            {/* biome-ignore lint/a11y/useSemanticElements: three levers, no form */}
            <div className={styles.choices} role="group" aria-labelledby={title}>
              {CHOICES.map(one => {
                const Glyph = GLYPHS[one]
                return (
                  <Button
                    key={one}
                    size="xl"
                    color={one}
                    className={styles.lever ?? ''}
                    aria-pressed={one === choice}
                    leftSection={<Glyph size={34} aria-hidden />}
                    rightSection={one === choice ? <IconCheck size={26} aria-hidden /> : undefined}
                    onClick={() => (poll.rule.changeable ? cast(one) : setAsking(one))}
                  >
                    {p(`choice.${one}`)}
                  </Button>
                )
              })}
            </div>
            <p className={styles.small}>{!poll.rule.changeable && t('sheet.once')}</p>
          </>
        ) : (
          <Chosen
            choice={choice}
            meeting_id={meeting_id}
            poll={poll}
            waiting={waiting !== null}
            onChange={poll.rule.changeable ? () => setChanging(true) : null}
          />
        )}
      </div>
      <footer className={styles.sheetFoot}>
        <Turnout meeting_id={meeting_id} poll={poll} />
      </footer>
      <ConfirmIrreversible
        opened={asking !== null}
        title={t('ask.title', { choice: asking ? p(`choice.${asking}`) : '' })}
        consequence={t('ask.consequence')}
        confirmLabel={t('ask.confirm')}
        tone={asking ?? 'accent'}
        onConfirm={() => asking && cast(asking)}
        onCancel={() => setAsking(null)}
      />
    </section>
  )
}

interface ChosenProps {
  choice: Choice
  meeting_id: string
  poll: Poll
  waiting: boolean
  onChange: (() => void) | null
}

const SOON_MS = 1_200

function Chosen({ choice, meeting_id, poll, waiting, onChange }: ChosenProps) {
  const t = useTexts(texts)
  const p = useTexts(pollTexts)
  const format = useFormat()
  const recorded_at = useRoomView(meeting_id, view => view.recorded[`cast_ballot:${poll.id}`])
  const line = useRoomView(meeting_id, view => view.line)
  const slow = useSlow(waiting)
  const Glyph = GLYPHS[choice]
  const state = !waiting ? 'recorded' : slow || line !== 'good' ? 'kept' : 'sending'
  const words = {
    recorded: recorded_at
      ? t('sheet.recordedAt', { time: format.timeWithSeconds(recorded_at) })
      : t('sheet.recorded'),
    kept: t('sheet.kept'),
    sending: t('sheet.sending'),
  }
  const Mark = { recorded: IconCheck, kept: IconDeviceTabletDown, sending: IconLoader }[state]
  return (
    <div className={styles.choice}>
      <p className={styles.small}>{t('sheet.yours')}</p>
      <p className={styles.chosen} data-choice={choice}>
        <Glyph size="1.2em" aria-hidden />
        {p(`choice.${choice}`)}
      </p>
      <p role="status" className={styles.kept} data-state={state}>
        <Mark size={24} aria-hidden />
        {words[state]}
      </p>
      {onChange && (
        <Button variant="default" size="lg" onClick={onChange}>
          {t('sheet.change')}
        </Button>
      )}
    </div>
  )
}

/** Whether something has been waiting longer than a good line needs. */
function useSlow(waiting: boolean): boolean {
  const [slow, setSlow] = useState(false)
  useEffect(() => {
    setSlow(false)
    if (!waiting) return
    const timer = setTimeout(() => setSlow(true), SOON_MS)
    return () => clearTimeout(timer)
  }, [waiting])
  return slow
}
