// PROGRAMME and PREVIEW side by side, each with its one lever under it.
import { ActionIcon, Button, Kbd } from '@mantine/core'
import {
  IconArrowBackUp,
  IconBroadcast,
  IconEye,
  IconHome,
  IconVolume,
  IconVolumeOff,
  type TablerIcon,
} from '@tabler/icons-react'
import { type ReactNode, useState } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import { Picture } from '@/shared/media/picture'
import { mediaWords } from '@/shared/media/words'
import type { LinkSnapshot, Viewer } from '@/shared/peer'
import { cameraIsOff, type RelayWord, receivingHealth, UNTOLD } from '@/shared/peer-stats'
import type { Room } from '@/shared/room-types'
import { texts } from '../i18n'
import type { Stage } from '../use-stage'
import type { Tile } from '../wall-model'
import styles from './monitors.module.css'

interface Watched {
  viewer: Viewer | null
  now: LinkSnapshot | null
}

interface MonitorsProps {
  room: Room
  stage: Stage
  tiles: readonly Tile[]
  main: Watched
  /** The relay's word of `main`; of the preview there is none. */
  word: RelayWord
  preview: Watched
  speakerId: string | null
  /** This machine is the centre's own: its loudspeaker is the hall's. */
  heardHere: boolean
}

export function Monitors({ stage, tiles, main, word, preview, speakerId, heardHere }: MonitorsProps) {
  const t = useTexts(texts)
  const name = (id: string | null): string => tiles.find(tile => tile.id === id)?.name ?? ''
  const named = (id: string | null): string => (id === null ? t('slate') : name(id))
  const onCentre = stage.centre !== null && stage.onAir === stage.centre
  const changing = stage.asked?.lever === 'on-air'
  return (
    <section className={styles.monitors}>
      <Monitor
        kind="programme"
        icon={IconBroadcast}
        title={t('programme')}
        hint={t('programmeHint')}
        who={stage.onAir === null ? null : name(stage.onAir)}
        watched={main}
        word={word}
        empty={[t('nothingOnAir'), t('nothingOnAirHint')]}
        speakerId={speakerId}
        heardAtFirst={heardHere}
      >
        <Button
          size="lg"
          color="accent"
          variant={onCentre ? 'default' : 'filled'}
          leftSection={<IconHome size={26} aria-hidden />}
          rightSection={onCentre ? null : <Kbd>0</Kbd>}
          disabled={!stage.allowed || stage.centre === null || onCentre}
          loading={changing && stage.asked?.id === stage.centre}
          onClick={stage.toCentre}
          data-testid="to-centre"
        >
          {stage.centre === null
            ? t('noCentre')
            : onCentre
              ? t('centreOn')
              : t(stage.onAir === null ? 'startCentre' : 'toCentre')}
        </Button>
        <span className={styles.switched} role="status">
          {stage.last !== null && (
            <>
              <span>{t('switched', { from: named(stage.last.from), to: named(stage.last.to) })}</span>
              <Button
                variant="subtle"
                leftSection={<IconArrowBackUp size={22} aria-hidden />}
                disabled={!stage.allowed}
                onClick={stage.undo}
                data-testid="undo-switch"
              >
                {t('undo')}
              </Button>
            </>
          )}
        </span>
      </Monitor>
      <Monitor
        kind="preview"
        icon={IconEye}
        title={t('preview')}
        hint={t('previewHint')}
        who={stage.standBy === null ? null : name(stage.standBy)}
        watched={preview}
        word={UNTOLD}
        empty={[t('nothingReady'), t('nothingReadyHint')]}
        speakerId={speakerId}
        heardAtFirst={false}
      >
        <Button
          size="lg"
          color="live"
          leftSection={<IconBroadcast size={26} aria-hidden />}
          rightSection={<Kbd>L</Kbd>}
          disabled={!stage.allowed || stage.standBy === null}
          loading={changing && stage.asked?.id === stage.standBy && stage.standBy !== null}
          onClick={stage.take}
          data-testid="take"
        >
          {t('take')}
        </Button>
        <Button
          variant="default"
          size="lg"
          disabled={!stage.allowed || stage.standBy === null}
          onClick={() => stage.prepare(null)}
        >
          {t('dismiss')}
        </Button>
      </Monitor>
    </section>
  )
}

interface MonitorProps {
  kind: 'programme' | 'preview'
  icon: TablerIcon
  title: string
  hint: string
  /** Null: nobody; the slate's words stand instead. */
  who: string | null
  watched: Watched
  word: RelayWord
  empty: readonly [string, string]
  speakerId: string | null
  heardAtFirst: boolean
  children: ReactNode
}

function Monitor({
  kind,
  icon: Glyph,
  title,
  hint,
  who,
  watched,
  word,
  empty,
  speakerId,
  heardAtFirst,
  children,
}: MonitorProps) {
  const t = useTexts(texts)
  const m = useTexts(mediaWords)
  const [heard, setHeard] = useState(heardAtFirst)
  const { state = 'idle', stats = null } = watched.now ?? {}
  const health = receivingHealth(state, stats, who !== null, word)
  const seen = (stats?.video?.frames ?? 0) > 0
  const said = cameraIsOff(stats, word)
    ? m('cameraOff')
    : health === 'reconnecting' || health === 'audio-only' || health === 'no-signal'
      ? m(`health.${health}`)
      : seen
        ? null
        : t('waitingPicture')
  return (
    <div className={styles.monitor} data-kind={kind} data-lit={who !== null || undefined}>
      <header className={styles.head}>
        <span className={styles.kind}>
          <Glyph size={22} aria-hidden />
          <h2 className={styles.title}>{title}</h2>
        </span>
        <span className={styles.who} data-testid={`${kind}-name`}>
          {who ?? hint}
        </span>
        <ActionIcon
          size={40}
          className={styles.sound ?? ''}
          aria-label={`${title}: ${t(heard ? 'listen' : 'silent')}`}
          aria-pressed={heard}
          onClick={() => setHeard(before => !before)}
        >
          {heard ? <IconVolume size={24} aria-hidden /> : <IconVolumeOff size={24} aria-hidden />}
        </ActionIcon>
      </header>
      <div className={styles.screen}>
        <Picture
          viewer={watched.viewer}
          now={watched.now}
          label={m('picture', { name: who ?? title })}
          testId={kind}
          sound={heard && who !== null}
          speakerId={speakerId}
        >
          {who === null ? (
            <div className={styles.slate}>
              <p className={styles.none}>{empty[0]}</p>
              <p className={styles.noneHint}>{empty[1]}</p>
            </div>
          ) : (
            said !== null && <span className={styles.said}>{said}</span>
          )}
        </Picture>
      </div>
      <div className={styles.levers}>{children}</div>
    </div>
  )
}
