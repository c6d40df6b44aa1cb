import { clockText } from '@/shared/format'
import { useTexts } from '@/shared/i18n/texts'
import type { Turn } from '@/shared/room-types'
import { PersonName } from '@/shared/ui/person-name'
import styles from '../floor.module.css'
import { texts } from '../i18n'

/** After the meeting: who spoke, in order, and for how long. */
export function Spoke({ turns }: { turns: readonly Turn[] }) {
  const t = useTexts(texts)
  return (
    <ol className={styles.queue} aria-label={t('spoke', { count: turns.length })}>
      {turns.map(({ id, name, started_at, ended_at }, index) => (
        <li key={id} className={styles.row}>
          <span className={styles.person}>
            <span className={`dh-numbers ${styles.order}`}>{index + 1}</span>
            <span>
              <PersonName name={name} />
              {started_at !== null && ended_at !== null && (
                <span className={`dh-numbers ${styles.asked}`}>
                  {t('spoken', { time: clockText((Date.parse(ended_at) - Date.parse(started_at)) / 1000) })}
                </span>
              )}
            </span>
          </span>
        </li>
      ))}
    </ol>
  )
}
