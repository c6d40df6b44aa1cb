import { IconMicrophone } from '@tabler/icons-react'
import { useServerNow } from '@/shared/clock'
import { useTexts } from '@/shared/i18n/texts'
import type { Room, Turn } from '@/shared/room-types'
import { attendantOf, type NumberedItem } from '@/shared/room-views'
import { TimerRing } from '@/shared/ui/timer-ring'
import { texts } from '../i18n'
import { lengthOf } from '../length'
import styles from '../projector.module.css'

interface WordsProps {
  kicker: string
  title: string
  lines: readonly string[]
}

export function WordsScene({ kicker, title, lines }: WordsProps) {
  return (
    <section className={styles.scene}>
      <p className={styles.kicker}>{kicker}</p>
      <h1 className={styles.huge} data-length={lengthOf(title)}>
        {title}
      </h1>
      {lines.filter(Boolean).map(line => (
        <p key={line} className={styles.under}>
          {line}
        </p>
      ))}
    </section>
  )
}

export function ItemScene({ item: { item, number } }: { item: NumberedItem }) {
  const t = useTexts(texts)
  return (
    <WordsScene
      kicker={t('item', { number })}
      title={item.title}
      lines={[item.presenter && t('presenter', { name: item.presenter })]}
    />
  )
}

interface SpeakerProps {
  turn: Turn
  item: NumberedItem | null
  room: Room
}

export function SpeakerScene({ turn, item, room }: SpeakerProps) {
  const t = useTexts(texts)
  const position = attendantOf(room, turn.speaker_id)?.position
  return (
    <section className={styles.scene} data-split>
      <div>
        <p className={styles.kicker}>{t('speaking')}</p>
        <h1 className={styles.huge} data-length={lengthOf(turn.name)} translate="no">
          {turn.name}
        </h1>
        {position && (
          <p className={styles.under} data-length={lengthOf(position)}>
            {position}
          </p>
        )}
        {item && (
          <p className={styles.under} data-length={lengthOf(item.item.title)}>
            {t('item', { number: item.number })}: {item.item.title}
          </p>
        )}
      </div>
      <Clock turn={turn} />
    </section>
  )
}

/** The speaker's time as a ring, with the word when it is over. */
export function Clock({ turn, small = false }: { turn: Turn; small?: boolean }) {
  const t = useTexts(texts)
  const { started_at, limit_s } = turn
  const now = useServerNow(started_at !== null && limit_s !== null ? 500 : null)
  if (started_at === null || limit_s === null)
    return (
      <span className={styles.microphone} data-small={small || undefined}>
        <IconMicrophone aria-hidden />
      </span>
    )
  const over = now > Date.parse(started_at) + limit_s * 1000
  return (
    <div className={styles.clockBox}>
      <TimerRing startedAt={started_at} limit_s={limit_s} size={small ? 200 : 480} />
      <p className={styles.over} data-small={small || undefined}>
        {over && t('over')}
      </p>
    </div>
  )
}
