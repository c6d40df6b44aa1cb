// The two acts of the chair that nothing can undo, each asked once.
import { useTexts } from '@/shared/i18n/texts'
import type { Room } from '@/shared/room-types'
import { openPoll, quorum } from '@/shared/room-views'
import { ConfirmIrreversible } from '@/shared/ui/confirm-irreversible'
import { useAct } from '@/shared/use-room'
import { texts } from '../i18n'
import { unfinished } from '../next-step'

interface ConfirmationProps {
  room: Room
  opened: boolean
  onDone: () => void
}

export function OpenMeeting({ room, opened, onDone }: ConfirmationProps) {
  const t = useTexts(texts)
  const act = useAct(room.meeting.id)
  const count = withChair(room)
  const words = { present: count.present, members: count.members, needed: count.needed }
  return (
    <ConfirmIrreversible
      opened={opened && room.meeting.state === 'convened'}
      title={t('open.title')}
      consequence={t(count.reached ? 'open.reached' : 'open.missing', words)}
      confirmLabel={t('open.confirm')}
      onConfirm={() => void act.run({ kind: 'open_meeting' }).then(done => done && onDone())}
      onCancel={onDone}
      pending={act.pending}
      problem={act.problem}
    />
  )
}

/** Who opens the meeting is there: the quorum as it will be recorded. */
function withChair(room: Room) {
  const attendants = room.attendants.map(one =>
    one.role === 'chair' ? { ...one, state: 'present' as const } : one,
  )
  return quorum({ ...room, attendants })
}

export function CloseMeeting({ room, opened, onDone }: ConfirmationProps) {
  const t = useTexts(texts)
  const act = useAct(room.meeting.id)
  const left = unfinished(room.agenda)
  const polling = openPoll(room) !== null
  const consequence = left > 0 ? t('close.unfinished', { count: left }) : t('close.consequence')
  return (
    <ConfirmIrreversible
      opened={opened && room.meeting.state === 'open'}
      title={t('close.title')}
      consequence={polling ? t('finishFirst') : consequence}
      confirmLabel={t('close.confirm')}
      onConfirm={() => void act.run({ kind: 'close_meeting' }).then(done => done && onDone())}
      onCancel={onDone}
      pending={act.pending}
      problem={act.problem}
    />
  )
}
