import { IconBuildingBroadcastTower, IconLoader2, IconVideoOff, IconVolume } from '@tabler/icons-react'
import { useTexts } from '@/shared/i18n/texts'
import { Picture } from '@/shared/media/picture'
import { mediaWords } from '@/shared/media/words'
import type { LinkSnapshot, Viewer } from '@/shared/peer'
import type { Health } from '@/shared/peer-stats'
import type { Room } from '@/shared/room-types'
import { texts } from '../i18n'
import styles from './programme.module.css'

interface ProgrammeProps {
  room: Room
  viewer: Viewer | null
  now: LinkSnapshot | null
  health: Health
  /** Of whoever is on air. */
  cameraOff: boolean
  /** This bridge is on air without a camera: the sign above says it. */
  own: boolean
  speakerId: string | null
}

/** What all bridges see, over the whole screen; what is wrong is said over it, in one reserved place. */
export function Programme({ room, viewer, now, health, cameraOff, own, speakerId }: ProgrammeProps) {
  const t = useTexts(texts)
  const dark = room.meeting.on_air_bridge_id === null
  return (
    <div className={styles.programme}>
      <Picture
        viewer={viewer}
        now={now}
        label={t('programme')}
        testId="programme"
        sound={!dark}
        speakerId={speakerId}
      >
        {dark ? <Slate room={room} /> : <Word health={health} cameraOff={cameraOff} own={own} />}
      </Picture>
    </div>
  )
}

function Slate({ room }: { room: Room }) {
  const t = useTexts(texts)
  const { title, body_name } = room.meeting.details
  return (
    <div className={styles.slate}>
      <IconBuildingBroadcastTower size={64} stroke={1.25} aria-hidden />
      {body_name && <p className={styles.body}>{body_name}</p>}
      <h1 className={styles.title}>{title}</h1>
      <p className={styles.sentence}>{t('nothing.hint')}</p>
    </div>
  )
}

function Word({ health, cameraOff, own }: Pick<ProgrammeProps, 'health' | 'cameraOff' | 'own'>) {
  const t = useTexts(texts)
  const m = useTexts(mediaWords)
  if (health === 'reconnecting') {
    return <Said glyph={<IconLoader2 size={28} aria-hidden />}>{t('line.mending')}</Said>
  }
  if (own) return null
  if (cameraOff) {
    return <Said glyph={<IconVideoOff size={28} aria-hidden />}>{m('cameraOff')}</Said>
  }
  if (health === 'audio-only') {
    return <Said glyph={<IconVolume size={28} aria-hidden />}>{t('line.audioOnly')}</Said>
  }
  if (health === 'no-signal') {
    return <Said glyph={<IconLoader2 size={28} aria-hidden />}>{t('line.noSignal')}</Said>
  }
  return null
}

function Said({ glyph, children }: { glyph: React.ReactNode; children: string }) {
  return (
    <div role="status" className={styles.said}>
      {glyph}
      <span>{children}</span>
    </div>
  )
}
