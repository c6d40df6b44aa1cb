import { Button } from '@mantine/core'
import { IconHandStop, IconMicrophoneOff, IconX } from '@tabler/icons-react'
import { useTexts } from '@/shared/i18n/texts'
import type { Room } from '@/shared/room-types'
import { useMe } from '@/shared/session'
import { useProblemSentence } from '@/shared/ui/problem-notice'
import { useAct, useRoomView } from '@/shared/use-room'
import { texts } from '../i18n'
import { handOf } from '../stage'
import styles from './hand-button.module.css'

const ABOUT_FLOOR: ReadonlySet<string> = new Set(['ask_floor', 'withdraw_floor', 'end_floor'])

/** The one big thing to press: asks for the floor, withdraws, ends the turn. */
export function HandButton({ meetingId, room }: { meetingId: string; room: Room }) {
  const t = useTexts(texts)
  const sentence = useProblemSentence()
  const { run, pending, problem } = useAct(meetingId)
  const kept = useRoomView(meetingId, view => view.kept.some(one => ABOUT_FLOOR.has(one.command.kind)))
  const cut = useRoomView(meetingId, view => view.line !== 'good')
  const hand = handOf(room, useMe().id)
  const note = problem !== null ? sentence(problem) : kept && cut ? t('hand.kept') : ''

  return (
    <div className={styles.hand} data-state={hand.state} data-testid="hand">
      {hand.state === 'down' && (
        <Button
          size="xl"
          leftSection={<IconHandStop size={34} aria-hidden />}
          disabled={!hand.allowed}
          loading={pending && !cut}
          onClick={() => void run({ kind: 'ask_floor' })}
          title={hand.allowed ? undefined : t('hand.notYet')}
        >
          {t('hand.ask')}
        </Button>
      )}
      {hand.state === 'waiting' && (
        <Button
          size="xl"
          color="warn"
          leftSection={<IconHandStop size={34} aria-hidden />}
          rightSection={<IconX size={26} aria-hidden />}
          loading={pending && !cut}
          onClick={() => void run({ kind: 'withdraw_floor', turn_id: hand.turn_id })}
        >
          <span className={styles.two}>
            <span>{t('hand.waiting', { place: hand.place })}</span>
            <small>{t('hand.withdraw')}</small>
          </span>
        </Button>
      )}
      {hand.state === 'speaking' && (
        <Button
          size="xl"
          color="live"
          leftSection={<IconMicrophoneOff size={34} aria-hidden />}
          loading={pending && !cut}
          onClick={() => void run({ kind: 'end_floor', turn_id: hand.turn_id })}
        >
          <span className={styles.two}>
            <span>{t('hand.end')}</span>
            <small>{t('hand.speaking')}</small>
          </span>
        </Button>
      )}
      <span role="status" className={styles.note}>
        {note}
      </span>
    </div>
  )
}
