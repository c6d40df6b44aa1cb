import {
  IconAlertTriangle,
  IconBroadcast,
  IconCircleCheck,
  IconCircleX,
  IconInfoCircle,
  IconMinus,
  IconThumbDown,
  IconThumbUp,
  type TablerIcon,
} from '@tabler/icons-react'
import type { ReactNode } from 'react'
import styles from './status-badge.module.css'
import type { Tone } from './theme'

const GLYPH: Record<Tone, TablerIcon> = {
  accent: IconInfoCircle,
  for: IconThumbUp,
  against: IconThumbDown,
  abstain: IconMinus,
  live: IconBroadcast,
  good: IconCircleCheck,
  warn: IconAlertTriangle,
  bad: IconCircleX,
}

interface StatusBadgeProps {
  tone: Tone | 'neutral'
  /** Another glyph than the tone's own. */
  icon?: TablerIcon
  /** A fill instead of a quiet ground: for what must be seen across the room. */
  strong?: boolean
  children: ReactNode
}

/** A state as glyph, word and colour together: colour never speaks alone. */
export function StatusBadge({ tone, icon, strong = false, children }: StatusBadgeProps) {
  const Glyph = icon ?? (tone === 'neutral' ? IconInfoCircle : GLYPH[tone])
  return (
    <span className={styles.badge} data-tone={tone} data-strong={strong || undefined}>
      <Glyph size="1.15em" stroke={2} aria-hidden className={styles.glyph} />
      <span>{children}</span>
    </span>
  )
}
