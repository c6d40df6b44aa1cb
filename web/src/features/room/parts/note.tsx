import { useServerNow } from '@/shared/clock'
import { useTexts } from '@/shared/i18n/texts'
import type { Room } from '@/shared/room-types'
import { attendantOf, delay_min, may, openPoll, turnOf, waitingTurns } from '@/shared/room-views'
import { useFormat, useMe } from '@/shared/session'
import { useRoomView } from '@/shared/use-room'
import { texts } from '../i18n'
import styles from '../room.module.css'

const HALF_A_DAY_MIN = 12 * 60

/** One sentence at the left of the bottom bar: what waits for the line, else where this person or the meeting stands. */
export function Note({ room }: { room: Room }) {
  const t = useTexts(texts)
  const waiting = useRoomView(room.meeting.id, view => (view.line === 'good' ? 0 : view.kept.length))
  const words = useWords(room)
  if (waiting > 0)
    return (
      <span role="status" className={styles.kept}>
        {t('note.kept', { count: waiting })}
      </span>
    )
  return <span role="status">{words}</span>
}

function useWords(room: Room): string {
  const t = useTexts(texts)
  const format = useFormat()
  const me = useMe().id
  const { meeting, minutes } = room
  const now = useServerNow(meeting.state === 'open' ? 15_000 : null)
  switch (meeting.state) {
    case 'draft':
      return ''
    case 'convened': {
      const time = format.time(meeting.details.starts_at)
      const here = attendantOf(room, me)?.state === 'present'
      return t(here && !may(room, 'preside') ? 'note.waitOpen' : 'note.startsAt', { time })
    }
    case 'open': {
      const turn = turnOf(room, me)
      if (turn?.state === 'speaking') return t('note.speaking')
      if (turn) {
        const place = waitingTurns(room).findIndex(one => one.id === turn.id) + 1
        return t('note.queue', { place })
      }
      const poll = openPoll(room)
      if (poll) return t('note.polling', { question: poll.question })
      const delay = delay_min(room, now)
      if (delay === null || Math.abs(delay) > HALF_A_DAY_MIN) return '' // another day: the programme says nothing
      if (Math.abs(delay) < 2) return t('note.onTime')
      return t(delay > 0 ? 'note.behind' : 'note.ahead', { minutes: Math.abs(delay) })
    }
    case 'closed': {
      const closed = t('note.closed', { time: format.time(meeting.closed_at ?? meeting.details.starts_at) })
      const signed = new Set(minutes.signatures.map(one => one.role))
      const next =
        minutes.state === 'signed'
          ? t('note.signed')
          : minutes.state !== 'locked'
            ? t(may(room, 'write_minutes') ? 'note.nextWrite' : 'note.nextWaitMinutes')
            : !signed.has('secretary')
              ? t(may(room, 'sign_as_secretary') ? 'note.nextSign' : 'note.nextSecretarySigns')
              : t(may(room, 'sign_as_chair') ? 'note.nextSign' : 'note.nextChairSigns')
      return `${closed} ${next}`
    }
  }
}
