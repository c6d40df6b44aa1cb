import { Link, Outlet } from 'react-router'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import { AccountMenu } from '@/shared/ui/account-menu'
import { Mark } from '@/shared/ui/mark'
import { TopBar } from '@/shared/ui/top-bar'
import styles from './frame.module.css'

/** The frame of ordinary pages: mark, way home, account. */
export function Frame() {
  const t = useTexts(common)
  return (
    <>
      <a href="#main" className={`dh-skip ${styles.skip}`}>
        {t('skip')}
      </a>
      <TopBar
        title={
          <Link to="/" className={styles.brand} aria-label={`${t('product')}: ${t('home')}`}>
            <Mark />
            <span>{t('product')}</span>
          </Link>
        }
        actions={<AccountMenu />}
      />
      <main id="main" className={styles.page}>
        <Outlet />
      </main>
    </>
  )
}
