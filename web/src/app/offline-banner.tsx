import { useNetwork } from '@mantine/hooks'
import { IconWifiOff } from '@tabler/icons-react'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import styles from './notices.module.css'

/** Says that the line is gone, while it is gone. */
export function OfflineBanner() {
  const t = useTexts(common)
  const { online } = useNetwork()
  if (online) return null
  return (
    <div role="status" className={styles.offline}>
      <IconWifiOff size={22} aria-hidden className={styles.glyph} />
      <span>{t('offline.line')}</span>
    </div>
  )
}
