import { Button } from '@mantine/core'
import { IconBroadcast, IconEye, IconHandStop, IconPlayerPlay } from '@tabler/icons-react'
import { useServerNow } from '@/shared/clock'
import { clockText } from '@/shared/format'
import { useTexts } from '@/shared/i18n/texts'
import type { Room, Turn } from '@/shared/room-types'
import { speakingTurn, waitingTurns } from '@/shared/room-views'
import { Panel } from '@/shared/ui/panel'
import { StatusBadge } from '@/shared/ui/status-badge'
import { texts } from '../i18n'
import type { Stage } from '../use-stage'
import type { Tile } from '../wall-model'
import { LineGlyph } from './line-glyph'
import styles from './talk-back.module.css'

interface TalkBackProps {
  room: Room
  stage: Stage
  tiles: readonly Tile[]
}

/** Raised hands of the bridges, first come first, each one press from preview and one from the air. */
export function TalkBack({ room, stage, tiles }: TalkBackProps) {
  const t = useTexts(texts)
  const waiting = waitingTurns(room).filter(turn => turn.speaker_kind === 'bridge')
  const speaking = speakingTurn(room)
  const tileOf = (id: string): Tile | undefined => tiles.find(tile => tile.id === id)
  return (
    <div className={styles.place} data-testid="talk-back">
      <Panel
        title={t('queue.title')}
        aside={
          waiting.length > 0 && (
            <StatusBadge tone="accent" icon={IconHandStop}>
              {waiting.length}
            </StatusBadge>
          )
        }
        scrolls
        flush
      >
        {speaking?.speaker_kind === 'bridge' && <Speaking turn={speaking} />}
        {waiting.length === 0 ? (
          <p className={styles.none}>
            <strong>{t('queue.none')}</strong>
            <span>{t('queue.noneHint')}</span>
          </p>
        ) : (
          <ol className={styles.queue}>
            {waiting.map(turn => (
              <Waiting key={turn.id} turn={turn} stage={stage} tile={tileOf(turn.speaker_id)} />
            ))}
          </ol>
        )}
      </Panel>
    </div>
  )
}

function Speaking({ turn }: { turn: Turn }) {
  const t = useTexts(texts)
  const now = useServerNow(1000)
  const spoken_s = turn.started_at ? (now - Date.parse(turn.started_at)) / 1000 : 0
  return (
    <div className={styles.speaking}>
      <IconPlayerPlay size={24} aria-hidden />
      <span className={styles.name}>
        <strong>{turn.name}</strong>
        <span className={styles.detail}>{t('queue.speaking')}</span>
      </span>
      <span className="dh-numbers">{clockText(spoken_s)}</span>
    </div>
  )
}

function Waiting({ turn, stage, tile }: { turn: Turn; stage: Stage; tile: Tile | undefined }) {
  const t = useTexts(texts)
  const now = useServerNow(5000)
  const id = turn.speaker_id
  const ready = stage.standBy === id
  const asked = stage.asked?.id === id ? stage.asked.lever : null
  return (
    <li className={styles.waiting} data-testid="raised-hand" data-ready={ready || undefined}>
      <span className={styles.name}>
        <strong>{turn.name}</strong>
        <span className={styles.detail}>
          {tile && (
            <>
              <LineGlyph health={tile.line} /> {t(`health.${tile.line}`)} ·{' '}
            </>
          )}
          {t('queue.waits', { time: clockText((now - Date.parse(turn.asked_at)) / 1000) })}
        </span>
      </span>
      <span className={styles.levers}>
        <Button
          variant={ready ? 'light' : 'default'}
          color="good"
          leftSection={<IconEye size={20} aria-hidden />}
          disabled={!stage.allowed || ready}
          loading={asked === 'stand-by'}
          onClick={() => stage.prepare(id)}
          aria-label={`${t('standBy')}: ${turn.name}`}
        >
          {t(ready ? 'queue.readyNow' : 'standBy')}
        </Button>
        <Button
          color="live"
          leftSection={<IconBroadcast size={20} aria-hidden />}
          disabled={!stage.allowed}
          loading={asked === 'on-air'}
          onClick={() => stage.putOnAir(id)}
          aria-label={`${t('take')}: ${turn.name}`}
        >
          {t('take')}
        </Button>
      </span>
    </li>
  )
}
