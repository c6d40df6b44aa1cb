import { IconMicrophone, IconMicrophoneOff, IconVideo, IconVideoOff } from '@tabler/icons-react'
import { useTexts } from '@/shared/i18n/texts'
import type { DeviceState } from './capture'
import styles from './device-toggle.module.css'
import { mediaWords } from './words'

interface DeviceToggleProps {
  device: 'camera' | 'microphone'
  state: DeviceState
  /** It is being sent: on means that others see or hear. */
  live: boolean
  onToggle: (on: boolean) => void
}

/** Camera or microphone: its state in a word, and one press to change it. */
export function DeviceToggle({ device, state, live, onToggle }: DeviceToggleProps) {
  const t = useTexts(mediaWords)
  const on = state === 'on' || state === 'starting'
  const Glyph =
    device === 'camera' ? (on ? IconVideo : IconVideoOff) : on ? IconMicrophone : IconMicrophoneOff
  const word = device === 'camera' ? t(`cameraState.${state}`) : t(`microphoneState.${state}`)
  return (
    <button
      type="button"
      className={styles.toggle}
      data-testid={`${device}-toggle`}
      data-state={state}
      data-live={(live && state === 'on') || undefined}
      aria-pressed={on}
      aria-label={`${word}. ${t(on ? 'turnOff' : 'turnOn')}`}
      onClick={() => onToggle(!on)}
    >
      <Glyph size={24} aria-hidden className={styles.glyph} />
      <span>{word}</span>
    </button>
  )
}
