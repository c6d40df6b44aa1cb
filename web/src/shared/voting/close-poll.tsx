import { useTexts } from '@/shared/i18n/texts'
import type { Poll } from '@/shared/room-types'
import { ConfirmIrreversible } from '@/shared/ui/confirm-irreversible'
import { useAct, useRoomView } from '@/shared/use-room'
import { texts } from './i18n'

interface ClosePollProps {
  meeting_id: string
  poll: Poll | null
  onDone: () => void
}

/** Asks once before a poll is closed, with how many have voted. */
export function ClosePoll({ meeting_id, poll, onDone }: ClosePollProps) {
  const t = useTexts(texts)
  const act = useAct(meeting_id)
  const turnout = useRoomView(meeting_id, view => (poll ? view.turnout[poll.id] : undefined))
  const close = async (): Promise<void> => {
    if (poll && (await act.run({ kind: 'close_poll', poll_id: poll.id }))) onDone()
  }
  return (
    <ConfirmIrreversible
      opened={poll !== null && poll.state === 'open'}
      title={t('close.title')}
      consequence={
        turnout
          ? t('close.consequence', { cast: turnout.cast, entitled: turnout.entitled })
          : t('close.unknown')
      }
      confirmLabel={t('close.confirm')}
      onConfirm={() => void close()}
      onCancel={onDone}
      pending={act.pending}
      problem={act.problem}
    />
  )
}
