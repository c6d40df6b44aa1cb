import { IconCircleCheck, IconCircleDashed } from '@tabler/icons-react'
import { useTexts } from '@/shared/i18n/texts'
import type { Room } from '../api'
import { texts } from '../i18n'
import styles from './checklist.module.css'

const NEEDED = ['chair', 'members', 'agenda', 'place'] as const

/** What the server would refuse to convene without. */
export function missing(room: Room): (typeof NEEDED)[number][] {
  const there = {
    chair: room.attendants.some(person => person.role === 'chair'),
    members: room.attendants.some(person => person.role === 'member'),
    agenda: room.agenda.length > 0,
    place: room.meeting.details.place !== '',
  }
  return NEEDED.filter(what => !there[what])
}

export function Checklist({ room }: { room: Room }) {
  const t = useTexts(texts)
  const lacking = missing(room)
  const noted = room.papers.length === 0 ? (['papers'] as const) : []
  return (
    <section className={styles.checklist} aria-label={t('checklist.title')}>
      <p className={styles.head} data-ready={lacking.length === 0 || undefined}>
        {lacking.length === 0 && <IconCircleCheck size={22} aria-hidden />}
        {t(lacking.length === 0 ? 'checklist.ready' : 'checklist.title')}
      </p>
      <ul className={styles.list}>
        {[...lacking, ...noted].map(what => (
          <li key={what} className={styles.row}>
            <IconCircleDashed size={20} aria-hidden />
            {t(`checklist.${what}`)}
          </li>
        ))}
      </ul>
    </section>
  )
}
