import { IconBroadcast, IconHourglassHigh } from '@tabler/icons-react'
import { useTexts } from '@/shared/i18n/texts'
import { texts } from '../i18n'
import type { Air } from '../stage'
import styles from './air-edge.module.css'

/** Red round the whole screen while all see and hear this bridge, amber while the director does. */
export function AirEdge({ air, connected, camera }: { air: Air; connected: boolean; camera: boolean }) {
  const t = useTexts(texts)
  const live = air === 'on-air'
  const seen = t(live ? 'air.onAirHint' : 'air.standByHint')
  const heard = t(live ? 'air.onAirHeard' : 'air.standByHeard')
  const Glyph = live ? IconBroadcast : IconHourglassHigh
  return (
    <div className={styles.edge} data-air={air}>
      <div role="status" aria-live="assertive" className={styles.sign} data-testid="air-sign">
        {air !== 'off' && (
          <>
            <Glyph size={30} aria-hidden className={styles.glyph} />
            <span>
              <strong>{t(live ? 'air.onAir' : 'air.standBy')}</strong>
              <span className={styles.hint}>{connected ? (camera ? seen : heard) : t('air.starting')}</span>
            </span>
          </>
        )}
      </div>
    </div>
  )
}
