import { useRegisterSW } from 'virtual:pwa-register/react'
import { Button } from '@mantine/core'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import styles from './notices.module.css'

const CHECK_EVERY_MS = 60 * 60 * 1000

/** A new version waits until the person says so: a reload in the middle of a vote would be ours to answer for. */
export function UpdatePrompt() {
  const t = useTexts(common)
  const {
    needRefresh: [ready, setReady],
    updateServiceWorker,
  } = useRegisterSW({
    onRegisteredSW(_, registration) {
      if (registration) setInterval(() => void registration.update().catch(() => undefined), CHECK_EVERY_MS)
    },
  })
  if (!ready) return null
  return (
    <div role="status" className={styles.update}>
      <span className={styles.sentence}>{t('update.ready')}</span>
      <Button variant="default" onClick={() => setReady(false)}>
        {t('update.later')}
      </Button>
      <Button onClick={() => void updateServiceWorker(true)}>{t('update.now')}</Button>
    </div>
  )
}
