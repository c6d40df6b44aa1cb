import type { ReactNode } from 'react'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import { LanguageChoice } from '@/shared/ui/account-menu'
import { Mark } from '@/shared/ui/mark'
import { PageTitle } from '@/shared/ui/page-title'
import styles from './welcome.module.css'

/** The page outside the door: who we are, one card, the language. */
export function Welcome({ title, children }: { title: string; children: ReactNode }) {
  const t = useTexts(common)
  return (
    <main className={styles.page}>
      <PageTitle>{title}</PageTitle>
      <div className={styles.brand}>
        <Mark size={64} />
        <div>
          <p className={styles.product}>{t('product')}</p>
          <p className={styles.tagline}>{t('tagline')}</p>
        </div>
      </div>
      <section className={styles.card} aria-labelledby="welcome-title">
        <h1 id="welcome-title" className={styles.title}>
          {title}
        </h1>
        {children}
      </section>
      <div className={styles.language}>
        <LanguageChoice />
      </div>
    </main>
  )
}
