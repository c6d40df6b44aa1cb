// The wall: every invited bridge in its place, counts on top, one chosen bridge with its levers.
import { Button, SegmentedControl, Switch, TextInput } from '@mantine/core'
import { IconBuildingBroadcastTower, IconCircleCheck, IconSearch, IconSearchOff } from '@tabler/icons-react'
import { type RefObject, useDeferredValue, useMemo, useState } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import { useFormat } from '@/shared/session'
import { EmptyState } from '@/shared/ui/empty-state'
import { texts } from '../i18n'
import type { Keys } from '../sources'
import type { Stage } from '../use-stage'
import { type Counts, filtered, type Tile } from '../wall-model'
import { LineGlyph } from './line-glyph'
import styles from './wall.module.css'
import { WallChosen } from './wall-chosen'
import { WallGrid } from './wall-grid'

interface WallProps {
  tiles: readonly Tile[]
  counts: Counts
  /** The first picture of the lines has come. */
  known: boolean
  open: boolean
  stage: Stage
  keys: { keys: Keys; add: (id: string) => void; drop: (id: string) => void }
  troubleOnly: boolean
  onTroubleOnly: (on: boolean) => void
  search: RefObject<HTMLInputElement | null>
}

const STATES = ['good', 'joined', 'weak', 'bad', 'lost', 'absent'] as const

export function Wall({
  tiles,
  counts,
  known,
  open,
  stage,
  keys,
  troubleOnly,
  onTroubleOnly,
  search,
}: WallProps) {
  const t = useTexts(texts)
  const [words, setWords] = useState('')
  const [chosen, setChosen] = useState<string | null>(null)
  const [view, setView] = useState<'names' | 'mosaic'>('names')
  const sought = useDeferredValue(words)
  const shown = useMemo(() => filtered(tiles, sought, troubleOnly, open), [tiles, sought, troubleOnly, open])
  return (
    <section className={styles.wall} aria-label={t('wall.title')} data-testid="wall">
      <header className={styles.head}>
        <CountsLine counts={counts} known={known} />
        <div className={styles.tools}>
          <TextInput
            ref={search}
            className={styles.search ?? ''}
            aria-label={t('wall.search')}
            placeholder={`${t('wall.search')}  /`}
            leftSection={<IconSearch size={20} aria-hidden />}
            value={words}
            onChange={event => setWords(event.currentTarget.value)}
            onKeyDown={event => {
              if (event.key === 'Escape') {
                setWords('')
                event.currentTarget.blur()
              }
            }}
          />
          <Switch
            label={t('wall.troubleOnly')}
            checked={troubleOnly}
            onChange={event => onTroubleOnly(event.currentTarget.checked)}
          />
          <SegmentedControl
            aria-label={t('wall.view')}
            value={view}
            onChange={value => setView(value === 'mosaic' ? 'mosaic' : 'names')}
            data={[
              { value: 'names', label: t('wall.names') },
              { value: 'mosaic', label: t('wall.mosaic') },
            ]}
          />
        </div>
      </header>
      {shown.length > 0 ? (
        <WallGrid tiles={shown} view={view} chosen={chosen} onChoose={setChosen} />
      ) : (
        <Nothing
          any={tiles.length > 0}
          troubleOnly={troubleOnly && sought === ''}
          onAll={() => {
            setWords('')
            onTroubleOnly(false)
          }}
        />
      )}
      <WallChosen tile={tiles.find(tile => tile.id === chosen)} stage={stage} keys={keys} />
    </section>
  )
}

function CountsLine({ counts, known }: { counts: Counts; known: boolean }) {
  const t = useTexts(texts)
  const format = useFormat()
  return (
    <p
      className={styles.counts}
      role="status"
      data-testid="wall-counts"
      data-online={counts.online}
      data-all={counts.all}
      data-heads={counts.heads}
    >
      <strong>
        {t('wall.connected', { online: format.number(counts.online), all: format.number(counts.all) })}
      </strong>
      <strong>{t('wall.heads', { heads: format.number(counts.heads) })}</strong>
      {known ? (
        STATES.filter(state => counts.by[state] > 0).map(state => (
          <span key={state} className={styles.count}>
            <LineGlyph health={state} />
            {t(`health.${state}`)} {format.number(counts.by[state])}
          </span>
        ))
      ) : (
        <span className={styles.count}>{t('wall.unreachable')}</span>
      )}
    </p>
  )
}

function Nothing({ any, troubleOnly, onAll }: { any: boolean; troubleOnly: boolean; onAll: () => void }) {
  const t = useTexts(texts)
  if (!any) {
    return (
      <EmptyState
        icon={IconBuildingBroadcastTower}
        title={t('wall.noBridges')}
        hint={t('wall.noBridgesHint')}
      />
    )
  }
  if (troubleOnly) return <EmptyState icon={IconCircleCheck} title={t('wall.noTrouble')} />
  return (
    <EmptyState
      icon={IconSearchOff}
      title={t('wall.none')}
      action={
        <Button variant="default" onClick={onAll}>
          {t('wall.title')}
        </Button>
      }
    />
  )
}
