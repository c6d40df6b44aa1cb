import { Select } from '@mantine/core'
import { useTexts } from '@/shared/i18n/texts'
import type { Capture, CaptureSnapshot, Device } from './capture'
import styles from './device-choice.module.css'
import { mediaWords } from './words'

/** Which camera, microphone and loudspeaker. Takes effect at once, on air too. */
export function DeviceChoice({ capture, now }: { capture: Capture; now: CaptureSnapshot }) {
  const t = useTexts(mediaWords)
  return (
    <div className={styles.choices}>
      <One
        label={t('chooseCamera')}
        devices={now.cameras}
        value={now.video?.getSettings?.().deviceId ?? now.cameraId}
        onChoose={id => void capture.choose('camera', id)}
      />
      <One
        label={t('chooseMicrophone')}
        devices={now.microphones}
        value={now.audio?.getSettings?.().deviceId ?? now.microphoneId}
        onChoose={id => void capture.choose('microphone', id)}
      />
      {now.speakers.length > 0 && (
        <One
          label={t('chooseSpeaker')}
          devices={now.speakers}
          value={now.speakerId ?? now.speakers.at(0)?.id ?? null}
          onChoose={id => void capture.choose('speaker', id)}
        />
      )}
    </div>
  )
}

interface OneProps {
  label: string
  devices: readonly Device[]
  value: string | null
  onChoose: (id: string) => void
}

function One({ label, devices, value, onChoose }: OneProps) {
  const t = useTexts(mediaWords)
  return (
    <Select
      label={label}
      placeholder={t('sameAsSystem')}
      data={devices.map(device => ({ value: device.id, label: device.label }))}
      value={value}
      onChange={id => id !== null && onChoose(id)}
      allowDeselect={false}
      disabled={devices.length === 0}
      comboboxProps={{ withinPortal: true }}
    />
  )
}
