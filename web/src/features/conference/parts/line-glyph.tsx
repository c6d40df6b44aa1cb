import {
  IconAlertTriangle,
  IconBroadcast,
  IconCheck,
  IconCircleDashed,
  IconEye,
  IconPlugConnectedX,
  IconPointFilled,
  IconUrgent,
  type TablerIcon,
} from '@tabler/icons-react'
import type { TileHealth } from '../wall-model'
import styles from './line-glyph.module.css'

const GLYPH: Record<TileHealth, TablerIcon> = {
  'on-air': IconBroadcast,
  'stand-by': IconEye,
  good: IconCheck,
  joined: IconPointFilled,
  weak: IconAlertTriangle,
  bad: IconUrgent,
  lost: IconPlugConnectedX,
  absent: IconCircleDashed,
}

/** One shape for each state: they differ without colour too. */
export function LineGlyph({ health, size = 18 }: { health: TileHealth; size?: number }) {
  const Glyph = GLYPH[health]
  return <Glyph size={size} aria-hidden className={styles.glyph} data-health={health} />
}
