// The one thing to press, and beside it what the moment is about.
import { Button } from '@mantine/core'
import {
  IconArrowRight,
  IconCheck,
  IconFileText,
  IconFlag,
  IconHandStop,
  IconMicrophoneOff,
  IconPlayerPlay,
  IconThumbUp,
  IconUserCheck,
  type TablerIcon,
} from '@tabler/icons-react'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { useTexts } from '@/shared/i18n/texts'
import { useReading } from '@/shared/reading'
import type { Command, Room } from '@/shared/room-types'
import { may } from '@/shared/room-views'
import { useMe } from '@/shared/session'
import { ActionBar, PrimaryAction } from '@/shared/ui/action-bar'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { useAct } from '@/shared/use-room'
import { ClosePoll } from '@/shared/voting/close-poll'
import { texts } from '../i18n'
import { nextStep, otherStep, type Step } from '../next-step'
import styles from '../room.module.css'
import { CloseMeeting, OpenMeeting } from './confirmations'
import { Note } from './note'

const ICONS: Partial<Record<Step['kind'], TablerIcon>> = {
  check_in: IconUserCheck,
  open: IconPlayerPlay,
  start: IconPlayerPlay,
  open_poll: IconThumbUp,
  close_poll: IconThumbUp,
  finish: IconArrowRight,
  close: IconFlag,
  ask_floor: IconHandStop,
  withdraw: IconMicrophoneOff,
  finish_speaking: IconMicrophoneOff,
  minutes: IconFileText,
}

/** The command of a step that needs no question first. */
function commandOf(step: Step): Command | null {
  switch (step.kind) {
    case 'check_in':
      return { kind: 'check_in', person_id: null, heads: null }
    case 'start':
      return { kind: 'start_item', item_id: step.item.item.id }
    case 'open_poll':
      return { kind: 'open_poll', poll_id: step.poll.id }
    case 'finish':
      return step.next
        ? { kind: 'start_item', item_id: step.next.item.id }
        : { kind: 'finish_item', item_id: step.item.item.id }
    case 'ask_floor':
      return { kind: 'ask_floor' }
    case 'withdraw':
      return { kind: 'withdraw_floor', turn_id: step.turn.id }
    case 'finish_speaking':
      return { kind: 'end_floor', turn_id: step.turn.id }
    default:
      return null
  }
}

function useLabel(): (step: Step) => string {
  const t = useTexts(texts)
  return step => {
    switch (step.kind) {
      case 'start':
        return t('step.start', { number: step.item.number })
      case 'finish':
        return step.next
          ? t('step.finish_next', { number: step.item.number, next: step.next.number })
          : t('step.finish', { number: step.item.number })
      case 'minutes':
        return t(`step.${step.act}`)
      case 'wait':
        return ''
      default:
        return t(`step.${step.kind}`)
    }
  }
}

export function BottomBar({ room }: { room: Room }) {
  const me = useMe().id
  const act = useAct(room.meeting.id)
  const label = useLabel()
  const go = useNavigate()
  const [asking, setAsking] = useState<'open' | 'close' | 'close_poll' | null>(null)
  const step = nextStep(room, me)
  const other = otherStep(room)
  const led = room.meeting.state === 'open' && !may(room, 'preside')
  const done = (): void => setAsking(null)

  const press = (pressed: Step): void => {
    const command = commandOf(pressed)
    if (command) void act.run(command)
    else if (pressed.kind === 'minutes') void go(`/meetings/${room.meeting.id}/minutes`)
    else if (pressed.kind === 'prepare') void go(`/meetings/${room.meeting.id}/prepare`)
    else if (pressed.kind === 'open' || pressed.kind === 'close' || pressed.kind === 'close_poll')
      setAsking(pressed.kind)
  }
  const quiet = step.kind === 'withdraw' || step.kind === 'finish_speaking'

  return (
    <footer className={styles.bottom}>
      {act.problem && (
        <div className={styles.problem}>
          <ProblemNotice problem={act.problem} onRetry={act.clear} />
        </div>
      )}
      <ActionBar
        note={<Note room={room} />}
        secondary={
          other ? (
            <Button variant="default" size="lg" onClick={() => press(other)}>
              {label(other)}
            </Button>
          ) : (
            led && <Follow meeting_id={room.meeting.id} />
          )
        }
      >
        {step.kind !== 'wait' && (
          <PrimaryAction
            label={label(step)}
            {...(ICONS[step.kind] ? { icon: ICONS[step.kind] } : {})}
            tone={quiet ? 'abstain' : 'accent'}
            pending={act.pending}
            onPress={() => press(step)}
          />
        )}
      </ActionBar>
      <OpenMeeting room={room} opened={asking === 'open'} onDone={done} />
      <CloseMeeting room={room} opened={asking === 'close'} onDone={done} />
      <ClosePoll
        meeting_id={room.meeting.id}
        poll={asking === 'close_poll' && step.kind === 'close_poll' ? step.poll : null}
        onDone={done}
      />
    </footer>
  )
}

/** Whether my paper goes along with the chair's. Only for who is led. */
function Follow({ meeting_id }: { meeting_id: string }) {
  const t = useTexts(texts)
  const { following, follow } = useReading(meeting_id)
  return (
    <Button
      variant={following ? 'light' : 'default'}
      color="for"
      size="lg"
      aria-pressed={following}
      className={styles.follow ?? ''}
      rightSection={<IconCheck size={22} aria-hidden className={styles.tick} data-on={following} />}
      onClick={() => follow(!following)}
    >
      {t('follow')}
    </Button>
  )
}
