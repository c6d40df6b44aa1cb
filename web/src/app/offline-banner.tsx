import { useNetwork } from '@mantine/hooks'
import { IconWifiOff } from '@tabler/icons-react'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import { useSession } from '@/shared/session'
import styles from './notices.module.css'

/** Says that the line is gone, while it is gone; and that what is shown is only what this device remembers. */
export function OfflineBanner() {
  const t = useTexts(common)
  const { online } = useNetwork()
  const session = useSession()
  const fromDevice = session.status === 'signed-in' && session.fromDevice === true
  if (online && !fromDevice) return null
  return (
    <div role="status" className={styles.offline}>
      <IconWifiOff size={22} aria-hidden className={styles.glyph} />
      <span>{t(fromDevice ? 'offline.fromDevice' : 'offline.line')}</span>
    </div>
  )
}
