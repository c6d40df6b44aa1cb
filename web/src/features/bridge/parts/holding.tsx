import { IconCalendarEvent, IconMapPin, IconVideoOff } from '@tabler/icons-react'
import { useServerNow } from '@/shared/clock'
import { clockText } from '@/shared/format'
import { useTexts } from '@/shared/i18n/texts'
import type { Capture, CaptureSnapshot } from '@/shared/media/capture'
import { OwnPicture } from '@/shared/media/picture'
import { mediaWords } from '@/shared/media/words'
import type { LinkSnapshot } from '@/shared/peer'
import type { Room } from '@/shared/room-types'
import { DateText } from '@/shared/ui/value-text'
import { texts } from '../i18n'
import { untilStart } from '../stage'
import { ConnectionTest } from './connection-test'
import styles from './holding.module.css'

interface HoldingProps {
  room: Room
  capture: Capture
  now: CaptureSnapshot
  link: LinkSnapshot | null
}

/** Before the session: what will be, how long until then, and whether this hall is ready. */
export function Holding({ room, capture, now, link }: HoldingProps) {
  const t = useTexts(texts)
  const m = useTexts(mediaWords)
  const { title, body_name, place, starts_at } = room.meeting.details
  return (
    <div className={styles.holding}>
      <header className={styles.head}>
        {body_name && <p className={styles.body}>{body_name}</p>}
        <h1 className={styles.title}>{title}</h1>
        <p className={styles.facts}>
          <span className={styles.fact}>
            <IconCalendarEvent size="1.2em" aria-hidden />
            <DateText at={starts_at} />
          </span>
          {place && (
            <span className={styles.fact}>
              <IconMapPin size="1.2em" aria-hidden />
              {place}
            </span>
          )}
        </p>
        <StartCountdown starts_at={starts_at} />
      </header>
      <figure className={styles.preview}>
        <div className={styles.screen}>
          <OwnPicture track={now.video} testId="own-preview" />
          {now.video === null && (
            <p className={styles.none}>
              <IconVideoOff size={48} stroke={1.5} aria-hidden />
              {now.camera === 'off' ? t('holding.noPreview') : m(`cameraState.${now.camera}`)}
            </p>
          )}
        </div>
        <figcaption className={styles.caption}>{t('holding.preview')}</figcaption>
      </figure>
      <ConnectionTest capture={capture} now={now} link={link} />
    </div>
  )
}

function StartCountdown({ starts_at }: { starts_at: string }) {
  const t = useTexts(texts)
  const left = untilStart(starts_at, useServerNow(1000))
  if (left === null) {
    return (
      <div className={styles.countdown}>
        <strong className={styles.waiting}>{t('holding.waiting')}</strong>
        <span className={styles.unit}>{t('holding.waitingHint')}</span>
      </div>
    )
  }
  return (
    <div className={styles.countdown} role="timer" data-testid="countdown">
      <span className={styles.unit}>{t('holding.starts')}</span>
      <strong className={styles.time}>
        {left.days > 0 && `${t('holding.days', { count: left.days })} `}
        {clockText(left.seconds)}
      </strong>
    </div>
  )
}
