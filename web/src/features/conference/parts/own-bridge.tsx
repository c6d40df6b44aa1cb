// The centre's own camera and microphone, or, on another machine, how the centre is doing.
import { ActionIcon, Modal } from '@mantine/core'
import { IconBroadcast, IconSettings, IconVideoOff } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import type { Capture, CaptureSnapshot } from '@/shared/media/capture'
import { DeviceChoice } from '@/shared/media/device-choice'
import { DeviceToggle } from '@/shared/media/device-toggle'
import { HealthBadge } from '@/shared/media/health-badge'
import { LevelMeter } from '@/shared/media/level-meter'
import { OwnPicture } from '@/shared/media/picture'
import { mediaWords } from '@/shared/media/words'
import type { LinkSnapshot } from '@/shared/peer'
import { sendingHealth } from '@/shared/peer-stats'
import type { Room } from '@/shared/room-types'
import { Panel } from '@/shared/ui/panel'
import { StatusBadge } from '@/shared/ui/status-badge'
import { texts } from '../i18n'
import type { Stage } from '../use-stage'
import type { Tile } from '../wall-model'
import styles from './own-bridge.module.css'

interface Own {
  capture: Capture
  now: CaptureSnapshot
  sent: LinkSnapshot | null
}

interface OwnBridgeProps {
  room: Room
  stage: Stage
  tiles: readonly Tile[]
  /** Null: this machine only directs. */
  own: Own | null
}

export function OwnBridge({ room, stage, tiles, own }: OwnBridgeProps) {
  if (own !== null) return <OwnDevices own={own} stage={stage} live={room.meeting.state !== 'closed'} />
  return <Elsewhere centre={tiles.find(tile => tile.centre)} />
}

function OwnDevices({ own: { capture, now, sent }, stage, live }: { own: Own; stage: Stage; live: boolean }) {
  const t = useTexts(texts)
  const m = useTexts(mediaWords)
  const [choosing, setChoosing] = useState(false)
  const onAir = stage.onAir !== null && stage.onAir === stage.centre
  /** The centre's sound goes with every commune on air, for question and answer. */
  const heard = stage.onAir !== null
  useEffect(() => {
    if (!live) return capture.end()
    void capture.setCamera(true)
    void capture.setMicrophone(true)
  }, [capture, live])

  const health = sent === null ? 'idle' : sendingHealth(sent.state, sent.stats, now.video !== null)
  const trouble = [now.camera, now.microphone].find(
    state => state === 'refused' || state === 'missing' || state === 'busy' || state === 'insecure',
  )
  return (
    <section
      className={styles.own}
      data-air={onAir ? 'on-air' : heard ? 'heard' : 'off'}
      aria-label={t('own.title')}
      data-testid="own-bridge"
    >
      <div className={styles.screen}>
        <OwnPicture track={now.video} testId="own-preview" />
        {now.video === null && <IconVideoOff size={36} stroke={1.5} aria-hidden className={styles.none} />}
      </div>
      <div className={styles.state}>
        <strong className={styles.air} role="status">
          {onAir && <IconBroadcast size={22} aria-hidden />}
          {t(onAir ? 'own.live' : heard ? 'own.heard' : 'own.idle')}
        </strong>
        <span className={styles.line}>
          <LevelMeter track={now.microphone === 'on' ? now.audio : null} />
          <HealthBadge health={health} testId="own-connection" />
        </span>
      </div>
      <div className={styles.toggles}>
        <DeviceToggle
          device="camera"
          state={now.camera}
          live={onAir}
          onToggle={on => void capture.setCamera(on)}
        />
        <DeviceToggle
          device="microphone"
          state={now.microphone}
          live={heard}
          onToggle={on => void capture.setMicrophone(on)}
        />
        <ActionIcon variant="default" aria-label={t('own.devices')} onClick={() => setChoosing(true)}>
          <IconSettings size={24} aria-hidden />
        </ActionIcon>
      </div>
      {trouble !== undefined && <p className={styles.hint}>{m(`hint.${trouble}`)}</p>}
      <Modal opened={choosing} onClose={() => setChoosing(false)} title={t('own.devices')} size="lg">
        <DeviceChoice capture={capture} now={now} />
      </Modal>
    </section>
  )
}

function Elsewhere({ centre }: { centre: Tile | undefined }) {
  const t = useTexts(texts)
  return (
    <Panel title={centre?.name ?? t('own.title')}>
      <p className={styles.elsewhere}>
        {centre === undefined ? (
          t('noCentre')
        ) : (
          <>
            <StatusBadge tone={centre.online ? 'good' : 'bad'}>
              {t(centre.publishing ? 'own.publishing' : centre.online ? 'own.online' : 'own.offline')}
            </StatusBadge>
            <span>{t('own.elsewhere')}</span>
          </>
        )}
      </p>
    </Panel>
  )
}
