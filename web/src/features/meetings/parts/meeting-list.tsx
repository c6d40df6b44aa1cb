import { IconChevronRight } from '@tabler/icons-react'
import { Link } from 'react-router'
import { useTexts } from '@/shared/i18n/texts'
import { useFormat } from '@/shared/session'
import type { MeetingCard } from '../api'
import { texts } from '../i18n'
import { obviousAct } from '../order'
import { useDay } from '../use-day'
import styles from './meeting-list.module.css'
import { StateBadge } from './state-badge'

/** Meetings as rows, each one large target. */
export function MeetingList({ meetings }: { meetings: readonly MeetingCard[] }) {
  return (
    <ul className={styles.list}>
      {meetings.map(meeting => (
        <li key={meeting.id}>
          <MeetingRow meeting={meeting} />
        </li>
      ))}
    </ul>
  )
}

function MeetingRow({ meeting }: { meeting: MeetingCard }) {
  const t = useTexts(texts)
  const format = useFormat()
  const day = useDay()
  const act = obviousAct(meeting)
  return (
    <Link to={act.to} className={styles.row}>
      <span className={styles.words}>
        <span className={styles.title}>{meeting.title}</span>
        <span className={styles.facts}>
          <span className="dh-numbers">{format.time(meeting.starts_at)}</span>
          {` · ${day(meeting.starts_at)}`}
          {meeting.place && ` · ${meeting.place}`}
        </span>
      </span>
      <span className={styles.side}>
        {meeting.state === 'closed' ? (
          <span className={styles.facts}>{minutesWords(meeting, t)}</span>
        ) : (
          <StateBadge state={meeting.state} />
        )}
        <span className={styles.act}>
          {t(`act.${act.name}`)}
          <IconChevronRight size={20} aria-hidden />
        </span>
      </span>
    </Link>
  )
}

function minutesWords(meeting: MeetingCard, t: ReturnType<typeof useTexts<(typeof texts)['vi']>>): string {
  switch (meeting.minutes_state) {
    case 'none':
    case 'draft':
    case 'locked':
    case 'signed':
      return t(`minutes.${meeting.minutes_state}`)
    default:
      return ''
  }
}
