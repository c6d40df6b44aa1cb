import {
  IconAntennaBars2,
  IconAntennaBars5,
  IconAntennaBarsOff,
  IconLoader2,
  type TablerIcon,
} from '@tabler/icons-react'
import { useTexts } from '@/shared/i18n/texts'
import type { Health } from '@/shared/peer-stats'
import { StatusBadge } from '@/shared/ui/status-badge'
import { mediaWords } from './words'

type Shown = readonly ['good' | 'warn' | 'bad' | 'neutral', TablerIcon]

const SHOWN: Record<Health, Shown> = {
  idle: ['neutral', IconAntennaBarsOff],
  connecting: ['neutral', IconLoader2],
  good: ['good', IconAntennaBars5],
  weak: ['warn', IconAntennaBars2],
  reduced: ['warn', IconAntennaBars2],
  'audio-only': ['warn', IconAntennaBars2],
  'no-signal': ['warn', IconAntennaBarsOff],
  reconnecting: ['bad', IconLoader2],
}

/** A connection in words, with glyph and colour. */
export function HealthBadge({ health, testId }: { health: Health; testId?: string }) {
  const t = useTexts(mediaWords)
  const [tone, glyph] = SHOWN[health]
  return (
    <span
      role="status"
      aria-label={`${t('connection')}: ${t(`health.${health}`)}`}
      data-testid={testId}
      data-health={health}
    >
      <StatusBadge tone={tone} icon={glyph}>
        {t(`health.${health}`)}
      </StatusBadge>
    </span>
  )
}
