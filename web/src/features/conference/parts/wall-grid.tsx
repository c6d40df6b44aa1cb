// The dense grid: only what is in sight is rendered, and of that only what changed.
// One stop of the Tab key; inside it the arrow keys walk.
import { IconHandStop } from '@tabler/icons-react'
import { type KeyboardEvent, memo, useCallback, useEffect, useId, useRef, useState } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import { texts } from '../i18n'
import { shownOf, type Tile, type TileHealth } from '../wall-model'
import { LineGlyph } from './line-glyph'
import styles from './wall-grid.module.css'

interface WallGridProps {
  tiles: readonly Tile[]
  view: 'names' | 'mosaic'
  chosen: string | null
  onChoose: (id: string) => void
}

/** Unit: px at 100 % text. */
const SIZE = { names: { width: 172, height: 56 }, mosaic: { width: 24, height: 24 } } as const

export function WallGrid({ tiles, view, chosen, onChoose }: WallGridProps) {
  const t = useTexts(texts)
  const id = useId()
  const sheet = useRef<HTMLDivElement>(null)
  const { width, height, scroll, scale } = useSheet(sheet)
  const columns = Math.max(1, Math.floor(width / (SIZE[view].width * scale)))
  const row_px = SIZE[view].height * scale
  const shown = shownOf({ count: tiles.length, columns, row_px, scroll_px: scroll, height_px: height })
  const at = tiles.findIndex(tile => tile.id === chosen)
  const choose = useCallback((tileId: string) => onChoose(tileId), [onChoose])

  const walk = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const next = Math.min(tiles.length - 1, Math.max(0, at < 0 ? 0 : at + step))
    const tile = tiles[next]
    if (tile === undefined) return
    onChoose(tile.id)
    const top = Math.floor(next / columns) * row_px
    const seen = sheet.current
    if (seen === null) return
    if (top < seen.scrollTop) seen.scrollTop = top
    else if (top + row_px > seen.scrollTop + height) seen.scrollTop = top + row_px - height
  }

  return (
    <div
      ref={sheet}
      className={styles.sheet}
      data-view={view}
      role="listbox"
      tabIndex={0}
      aria-label={t('wall.title')}
      aria-activedescendant={at >= shown.from && at < shown.to ? `${id}-${chosen}` : undefined}
      onKeyDown={walk}
    >
      <div className={styles.whole} style={{ height: shown.whole_px }} role="presentation">
        <div
          className={styles.part}
          role="presentation"
          style={{
            transform: `translateY(${shown.top_px}px)`,
            gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
            gridAutoRows: row_px,
          }}
        >
          {tiles.slice(shown.from, shown.to).map((tile, n) => (
            <WallTile
              key={tile.id}
              dom={`${id}-${tile.id}`}
              id={tile.id}
              name={tile.name}
              health={tile.health}
              line={tile.line}
              hand={tile.hand}
              heads={tile.heads}
              chosen={tile.id === chosen}
              place={shown.from + n + 1}
              all={tiles.length}
              small={view === 'mosaic'}
              onChoose={choose}
            />
          ))}
        </div>
      </div>
    </div>
  )
}

interface WallTileProps {
  dom: string
  id: string
  name: string
  health: TileHealth
  line: TileHealth
  hand: boolean
  heads: number | null
  chosen: boolean
  place: number
  all: number
  small: boolean
  onChoose: (id: string) => void
}

/** Only plain values: a delta for one bridge renders one tile. */
const WallTile = memo(function WallTile(props: WallTileProps) {
  const { dom, id, name, health, line, hand, heads, chosen, place, all, small, onChoose } = props
  const t = useTexts(texts)
  const word = t(`health.${health}`)
  const label = [
    name,
    word,
    hand ? t('sources.hand') : '',
    heads === null ? '' : t('wall.headsOf', { heads }),
  ]
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the listbox around has the keys
    <div
      id={dom}
      role="option"
      tabIndex={-1}
      className={styles.tile}
      data-health={health}
      data-line={line}
      data-hand={hand || undefined}
      aria-selected={chosen}
      aria-posinset={place}
      aria-setsize={all}
      aria-label={label.filter(Boolean).join(', ')}
      title={small ? `${name}: ${word}` : undefined}
      onClick={() => onChoose(id)}
    >
      {hand ? (
        <IconHandStop size={small ? 15 : 18} aria-hidden className={styles.hand} />
      ) : (
        <LineGlyph health={health} size={small ? 15 : 18} />
      )}
      {!small && <span className={styles.name}>{name}</span>}
    </div>
  )
})

interface SheetSize {
  width: number
  height: number
  scroll: number
  /** Text at 200 % makes tiles twice as large. */
  scale: number
}

function useSheet(sheet: { current: HTMLDivElement | null }): SheetSize {
  const [size, setSize] = useState<SheetSize>({ width: 1200, height: 400, scroll: 0, scale: 1 })
  useEffect(() => {
    const box = sheet.current
    if (box === null) return
    const measure = (): void => {
      const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16
      const { clientWidth, clientHeight, scrollTop } = box
      if (clientWidth === 0) return
      setSize({ width: clientWidth - 16, height: clientHeight, scroll: scrollTop, scale: rem / 16 })
    }
    let waiting = 0
    const scrolled = (): void => {
      cancelAnimationFrame(waiting)
      waiting = requestAnimationFrame(measure)
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(box)
    box.addEventListener('scroll', scrolled, { passive: true })
    return () => {
      observer.disconnect()
      cancelAnimationFrame(waiting)
      box.removeEventListener('scroll', scrolled)
    }
  }, [sheet])
  return size
}
