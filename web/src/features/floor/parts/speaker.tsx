import { Button } from '@mantine/core'
import { IconMicrophone, IconPlayerStop } from '@tabler/icons-react'
import { useServerNow } from '@/shared/clock'
import { clockText } from '@/shared/format'
import { useTexts } from '@/shared/i18n/texts'
import type { Turn } from '@/shared/room-types'
import { useMe } from '@/shared/session'
import { PersonName } from '@/shared/ui/person-name'
import { TimerRing } from '@/shared/ui/timer-ring'
import type { Act } from '@/shared/use-room'
import styles from '../floor.module.css'
import { texts } from '../i18n'

interface SpeakerProps {
  turn: Turn
  presides: boolean
  act: Act
}

/** Who has the floor, with the clock that all share. */
export function Speaker({ turn, presides, act }: SpeakerProps) {
  const t = useTexts(texts)
  const mine = turn.speaker_id === useMe().id
  const { started_at, limit_s } = turn
  return (
    <section className={styles.speaker} aria-label={`${t('speaking')}: ${turn.name}`}>
      <div className={styles.who}>
        {limit_s !== null && started_at !== null ? (
          <TimerRing startedAt={started_at} limit_s={limit_s} size={88} />
        ) : (
          <span className={styles.glyph}>
            <IconMicrophone size={32} aria-hidden />
          </span>
        )}
        <div className={styles.name}>
          <span className={styles.word}>{t('speaking')}</span>
          <PersonName name={turn.name} size="large" />
          {started_at !== null && <Spoken started_at={started_at} limit_s={limit_s} />}
        </div>
      </div>
      {(presides || mine) && (
        <div className={styles.levers}>
          {presides && limit_s !== null && (
            <Button
              variant="default"
              onClick={() => void act.run({ kind: 'extend_floor', turn_id: turn.id, extra_s: 60 })}
            >
              {t('extend')}
            </Button>
          )}
          <Button
            variant="default"
            leftSection={<IconPlayerStop size={20} aria-hidden />}
            onClick={() => void act.run({ kind: 'end_floor', turn_id: turn.id })}
          >
            {t(presides ? 'stop' : 'finish')}
          </Button>
        </div>
      )}
    </section>
  )
}

function Spoken({ started_at, limit_s }: { started_at: string; limit_s: number | null }) {
  const t = useTexts(texts)
  const spoken_s = Math.max(0, (useServerNow(500) - Date.parse(started_at)) / 1000)
  const over = limit_s !== null && spoken_s > limit_s
  return (
    <span className={`dh-numbers ${styles.spoken}`} data-over={over || undefined}>
      {over
        ? t('over')
        : `${t('spoken', { time: clockText(spoken_s) })}${limit_s === null ? '' : ` ${t('of', { time: clockText(limit_s) })}`}`}
    </span>
  )
}
