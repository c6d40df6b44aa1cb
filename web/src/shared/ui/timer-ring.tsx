// Time that everybody sees, by the server's clock. Its own state is only "now".

import { useServerNow } from '@/shared/clock'
import { clockText, type Instant } from '@/shared/format'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import styles from './timer-ring.module.css'

/** Seconds left at `now_ms`; negative when over. */
export const secondsLeft = (endsAt: Instant, now_ms: number): number =>
  Math.ceil((new Date(endsAt).getTime() - now_ms) / 1000)

interface CountdownProps {
  endsAt: Instant
  /** Under this many seconds the warning colour is used. */
  warnUnder_s?: number
}

/** "02:14", then "+00:05" when the time is over. */
export function Countdown({ endsAt, warnUnder_s = 30 }: CountdownProps) {
  const t = useTexts(common)
  const left = secondsLeft(endsAt, useServerNow())
  const over = left < 0
  const time = clockText(Math.abs(left))
  return (
    <span
      role="timer"
      className={styles.countdown}
      data-state={over ? 'over' : left <= warnUnder_s ? 'near' : undefined}
      aria-label={t(over ? 'timer.over' : 'timer.left', { time })}
    >
      {over ? `+${time}` : time}
    </span>
  )
}

/** The ring is so many letters wide: "02:14" fills it, "+00:06" has a letter more. */
const LEFT = 4.6
const OVER = 5.4

interface TimerRingProps {
  startedAt: Instant
  limit_s: number
  /** Unit: px at 100 % text; the ring grows with the text. */
  size?: number
  warnUnder_s?: number
}

/** A ring that empties, with the time left in its middle. Give `ended` panels `Countdown` or plain text instead. */
export function TimerRing({ startedAt, limit_s, size = 96, warnUnder_s = 30 }: TimerRingProps) {
  const t = useTexts(common)
  const endsAt = new Date(startedAt).getTime() + limit_s * 1000
  const now = useServerNow()
  const left = secondsLeft(endsAt, now)
  const share = Math.min(1, Math.max(0, (endsAt - now) / (limit_s * 1000)))
  const over = left < 0
  const time = clockText(Math.abs(left))
  return (
    <div
      role="timer"
      className={styles.ring}
      style={{ width: `${size / 16}rem`, fontSize: `${size / 16 / (over ? OVER : LEFT)}rem` }}
      data-state={over ? 'over' : left <= warnUnder_s ? 'near' : undefined}
      aria-label={t(over ? 'timer.over' : 'timer.left', { time })}
    >
      <svg viewBox="0 0 100 100" aria-hidden="true">
        <circle cx="50" cy="50" r="44" className={styles.track} />
        <circle
          cx="50"
          cy="50"
          r="44"
          className={styles.rest}
          pathLength={1}
          strokeDasharray={`${over ? 1 : share} 1`}
          transform="rotate(-90 50 50)"
        />
      </svg>
      <span>{over ? `+${time}` : time}</span>
    </div>
  )
}
