import { IconHandStop, IconHome } from '@tabler/icons-react'
import { useTexts } from '@/shared/i18n/texts'
import { texts } from '../i18n'
import type { Keys } from '../sources'
import type { Stage } from '../use-stage'
import type { Tile } from '../wall-model'
import { LineGlyph } from './line-glyph'
import styles from './sources.module.css'

interface SourcesProps {
  tiles: readonly Tile[]
  stage: Stage
  keys: Keys
}

/** One key each: press to stand by. A key keeps its bridge. */
export function Sources({ tiles, stage, keys }: SourcesProps) {
  const t = useTexts(texts)
  const of = (id: string | null | undefined): Tile | undefined => tiles.find(tile => tile.id === id)
  return (
    <section className={styles.sources} aria-label={t('sources.title')} data-testid="sources">
      <Source number={1} tile={of(stage.centre)} name={t('sources.centre')} stage={stage} centre />
      {keys.map((key, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the place is the identity
        <Source key={at} number={at + 2} tile={of(key?.id)} stage={stage} />
      ))}
    </section>
  )
}

interface SourceProps {
  number: number
  tile: Tile | undefined
  name?: string
  stage: Stage
  centre?: boolean
}

function Source({ number, tile, name, stage, centre = false }: SourceProps) {
  const t = useTexts(texts)
  if (tile === undefined) {
    return (
      <span className={styles.empty} title={t('sources.emptyHint')}>
        <span className={styles.key}>{number}</span>
        <span className="dh-only-read">{t('sources.empty')}</span>
      </span>
    )
  }
  const state =
    tile.health === 'on-air'
      ? 'live'
      : tile.health === 'stand-by'
        ? 'ready'
        : tile.hand
          ? 'hand'
          : tile.online
            ? 'idle'
            : 'lost'
  return (
    <button
      type="button"
      className={styles.source}
      data-state={state}
      disabled={!stage.allowed || state === 'live'}
      onClick={() => stage.prepare(tile.id)}
      aria-keyshortcuts={String(number)}
      aria-label={`${number}: ${name ?? tile.name}, ${t(`sources.${state}`)}`}
    >
      <span className={styles.key}>{number}</span>
      <span className={styles.name}>{name ?? tile.name}</span>
      <span className={styles.mark}>
        {state === 'hand' ? (
          <IconHandStop size={20} aria-hidden />
        ) : centre && state === 'idle' ? (
          <IconHome size={20} aria-hidden />
        ) : (
          <LineGlyph health={tile.health} size={20} />
        )}
      </span>
    </button>
  )
}
