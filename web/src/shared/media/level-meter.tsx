import { useTexts } from '@/shared/i18n/texts'
import styles from './level-meter.module.css'
import { useLevel } from './use-capture'
import { mediaWords } from './words'

const BARS = [0.06, 0.18, 0.3, 0.42, 0.54, 0.66, 0.78, 0.9]

/** The microphone's level as bars that light up. */
export function LevelMeter({ track }: { track: MediaStreamTrack | null }) {
  const t = useTexts(mediaWords)
  const level = useLevel(track)
  return (
    <span className={styles.meter}>
      <meter className="dh-only-read" aria-label={t('level')} min={0} max={1} value={level} />
      {BARS.map(from => (
        <span
          key={from}
          className={styles.bar}
          data-lit={level >= from || undefined}
          data-hot={from > 0.85 || undefined}
        />
      ))}
    </span>
  )
}
