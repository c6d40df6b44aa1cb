import { Button } from '@mantine/core'
import { IconBroadcast, IconEye, IconHandStop, IconPin, IconPinnedOff } from '@tabler/icons-react'
import { useTexts } from '@/shared/i18n/texts'
import { useFormat } from '@/shared/session'
import { StatusBadge } from '@/shared/ui/status-badge'
import { texts } from '../i18n'
import type { Keys } from '../sources'
import type { Stage } from '../use-stage'
import type { Tile, TileHealth } from '../wall-model'
import styles from './wall-chosen.module.css'

const TONE: Record<TileHealth, 'live' | 'good' | 'warn' | 'bad' | 'neutral'> = {
  'on-air': 'live',
  'stand-by': 'good',
  good: 'good',
  joined: 'good',
  weak: 'warn',
  bad: 'bad',
  lost: 'bad',
  absent: 'neutral',
}

interface WallChosenProps {
  tile: Tile | undefined
  stage: Stage
  keys: { keys: Keys; add: (id: string) => void; drop: (id: string) => void }
}

/** The bridge chosen on the wall: a reserved line, so that nothing moves when one is chosen. */
export function WallChosen({ tile, stage, keys }: WallChosenProps) {
  const t = useTexts(texts)
  const format = useFormat()
  if (tile === undefined) {
    return (
      <footer className={styles.chosen}>
        <span className={styles.hint}>{t('wall.choose')}</span>
      </footer>
    )
  }
  const pinned = keys.keys.some(key => key?.id === tile.id)
  const facts = [
    tile.code,
    tile.heads === null ? t('wall.noHeads') : t('wall.headsOf', { heads: format.number(tile.heads) }),
    tile.rendition === null ? null : t(`wall.gets.${tile.rendition}`),
    tile.loss === null ? null : t('wall.loss', { loss: format.percent(tile.loss) }),
    tile.rtt_ms === null ? null : t('wall.rtt', { rtt: format.number(Math.round(tile.rtt_ms)) }),
    tile.jitter_ms === null ? null : t('wall.jitter', { jitter: format.number(Math.round(tile.jitter_ms)) }),
  ].filter(Boolean)
  return (
    <footer className={styles.chosen} data-testid="wall-chosen">
      <span className={styles.who}>
        <strong>{tile.name}</strong>
        <StatusBadge tone={TONE[tile.health]}>{t(`health.${tile.health}`)}</StatusBadge>
        {tile.hand && (
          <StatusBadge tone="accent" icon={IconHandStop}>
            {t('sources.hand')}
          </StatusBadge>
        )}
        <span className={styles.facts}>{facts.join(' · ')}</span>
      </span>
      <span className={styles.levers}>
        {!tile.centre && (
          <Button
            variant="subtle"
            color="abstain"
            leftSection={pinned ? <IconPinnedOff size={20} aria-hidden /> : <IconPin size={20} aria-hidden />}
            onClick={() => (pinned ? keys.drop(tile.id) : keys.add(tile.id))}
          >
            {t(pinned ? 'sources.drop' : 'sources.add')}
          </Button>
        )}
        <Button
          variant="default"
          leftSection={<IconEye size={20} aria-hidden />}
          disabled={!stage.allowed || tile.id === stage.standBy || tile.id === stage.onAir}
          onClick={() => stage.prepare(tile.id)}
        >
          {t('standBy')}
        </Button>
        <Button
          color="live"
          leftSection={<IconBroadcast size={20} aria-hidden />}
          disabled={!stage.allowed || tile.id === stage.onAir}
          onClick={() => stage.putOnAir(tile.id)}
        >
          {t('take')}
        </Button>
      </span>
    </footer>
  )
}
