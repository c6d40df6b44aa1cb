// One received programme: the picture, and every sound of it. Holds the last picture while the line is being mended.
import { Button } from '@mantine/core'
import { IconVolume } from '@tabler/icons-react'
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import type { LinkSnapshot, Viewer } from '@/shared/peer'
import styles from './picture.module.css'
import { mediaWords } from './words'

interface PictureProps {
  viewer: Viewer | null
  now: LinkSnapshot | null
  /** Whose picture: the accessible name. */
  label: string
  testId: string
  /** False: silent, by choice. */
  sound: boolean
  speakerId?: string | null
  /** Over the picture: nothing on air, reconnecting. */
  children?: ReactNode
}

export function Picture({ viewer, now, label, testId, sound, speakerId = null, children }: PictureProps) {
  const t = useTexts(mediaWords)
  const screen = useRef<HTMLVideoElement>(null)
  const [sounds, setSounds] = useState<readonly MediaStream[]>([])
  const session = now?.state === 'connected' ? now.sessions : null

  useEffect(() => {
    if (viewer === null || session === null) return
    const { picture, sounds: heard } = viewer.streams()
    if (screen.current) {
      screen.current.srcObject = picture
      screen.current.play().catch(() => undefined) // silent pictures always may play; a replaced one rejects
    }
    setSounds(heard)
  }, [viewer, session])

  const refused = useRefusals(sounds)
  return (
    <div className={styles.frame} data-testid={testId} data-state={now?.state ?? 'idle'}>
      <video ref={screen} className={styles.picture} aria-label={label} autoPlay playsInline muted />
      {sounds.map((stream, slot) => (
        <Sound
          key={stream.id || slot}
          stream={stream}
          on={sound}
          speakerId={speakerId}
          onRefused={refused.add}
          ask={refused.asked}
        />
      ))}
      {children && <div className={styles.over}>{children}</div>}
      {sound && refused.any && (
        <div className={styles.unmute}>
          <Button size="xl" leftSection={<IconVolume size={34} aria-hidden />} onClick={refused.again}>
            {t('unmute')}
          </Button>
          <p className={styles.hint}>{t('unmuteHint')}</p>
        </div>
      )}
    </div>
  )
}

/** Whether the browser refused to play sound, and how often the person has pressed since. */
function useRefusals(sounds: readonly MediaStream[]) {
  const [any, setAny] = useState(false)
  const [asked, setAsked] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: new streams are tried anew
  useEffect(() => setAny(false), [sounds])
  const add = useCallback(() => setAny(true), [])
  const again = useCallback(() => {
    setAny(false)
    setAsked(times => times + 1)
  }, [])
  return { any, asked, add, again }
}

interface SoundProps {
  stream: MediaStream
  on: boolean
  speakerId: string | null
  onRefused: () => void
  ask: number
}

function Sound({ stream, on, speakerId, onRefused, ask }: SoundProps) {
  const player = useRef<HTMLAudioElement>(null)
  useEffect(() => {
    if (player.current) player.current.srcObject = stream
  }, [stream])
  // biome-ignore lint/correctness/useExhaustiveDependencies: `ask` is the press that allows sound
  useEffect(() => {
    if (!on) return player.current?.pause()
    player.current?.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') onRefused()
    })
  }, [on, ask, stream, onRefused])
  useEffect(() => {
    // Not in every browser; a loudspeaker that was unplugged rejects and the default one is used.
    if (player.current && 'setSinkId' in player.current) {
      player.current.setSinkId(speakerId ?? '').catch(() => undefined)
    }
  }, [speakerId])
  // biome-ignore lint/a11y/useMediaCaption: live sound has no captions
  return <audio ref={player} hidden />
}

/** This device's own camera, mirrored as a mirror would. */
export function OwnPicture({ track, testId }: { track: MediaStreamTrack | null; testId: string }) {
  const t = useTexts(mediaWords)
  const screen = useRef<HTMLVideoElement>(null)
  useEffect(() => {
    if (screen.current === null) return
    screen.current.srcObject = track === null ? null : new MediaStream([track])
    if (track !== null) screen.current.play().catch(() => undefined)
  }, [track])
  return (
    <video
      ref={screen}
      className={`${styles.picture} ${styles.own}`}
      data-testid={testId}
      aria-label={t('own')}
      autoPlay
      playsInline
      muted
    />
  )
}
