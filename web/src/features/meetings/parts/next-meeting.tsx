import { Button } from '@mantine/core'
import { IconArrowRight, IconCalendarEvent, IconMapPin, IconUser } from '@tabler/icons-react'
import { Link } from 'react-router'
import { useTexts } from '@/shared/i18n/texts'
import { useFormat } from '@/shared/session'
import type { MeetingCard } from '../api'
import { texts } from '../i18n'
import { obviousAct } from '../order'
import { useDay } from '../use-day'
import styles from './next-meeting.module.css'
import { StateBadge } from './state-badge'

/** The meeting that matters now, large, with the one thing to press. */
export function NextMeeting({ meeting }: { meeting: MeetingCard }) {
  const t = useTexts(texts)
  const format = useFormat()
  const day = useDay()
  const act = obviousAct(meeting)
  return (
    <article className={styles.card} data-live={meeting.state === 'open' || undefined}>
      <div className={styles.top}>
        {meeting.state !== 'open' && <p className={styles.lead}>{t('next')}</p>}
        <StateBadge state={meeting.state} />
      </div>
      <h2 className={styles.title}>{meeting.title}</h2>
      <div className={styles.bottom}>
        <ul className={styles.facts}>
          <li>
            <IconCalendarEvent size={24} stroke={1.75} aria-hidden />
            <span>
              <strong className="dh-numbers">{format.time(meeting.starts_at)}</strong>
              {' · '}
              {day(meeting.starts_at)}
              {meeting.opened_at && (
                <span className={styles.opened}>
                  {t('openedAt', { time: format.time(meeting.opened_at) })}
                </span>
              )}
            </span>
          </li>
          {meeting.place && (
            <li>
              <IconMapPin size={24} stroke={1.75} aria-hidden />
              <span>{meeting.place}</span>
            </li>
          )}
          {meeting.role && (
            <li>
              <IconUser size={24} stroke={1.75} aria-hidden />
              <span>{t('myRole', { role: t(`role.${meeting.role}`) })}</span>
            </li>
          )}
        </ul>
        <Button
          component={Link}
          to={act.to}
          size="lg"
          className={styles.act ?? ''}
          rightSection={<IconArrowRight size={24} aria-hidden />}
        >
          {t(`act.${act.name}`)}
        </Button>
      </div>
    </article>
  )
}
