// Hand-over sheets: on paper only. While they stand, printing the page prints them and nothing else.
import { useEffect } from 'react'
import { createPortal } from 'react-dom'
import { useTexts } from '@/shared/i18n/texts'
import { useFormat, useMe } from '@/shared/session'
import type { CodeLink } from '../api'
import { texts } from '../i18n'
import styles from './sheets.module.css'

export interface Sheet {
  readonly kind: 'bridge' | 'person'
  readonly id: string
  readonly name: string
  readonly link: CodeLink
}

export function Sheets({ sheets }: { sheets: readonly Sheet[] }) {
  useEffect(() => {
    document.documentElement.dataset.printing = 'sheets'
    return () => {
      delete document.documentElement.dataset.printing
    }
  }, [])
  return createPortal(
    <div className={styles.sheets} data-testid="sheets">
      {sheets.map(sheet => (
        <One key={sheet.id} sheet={sheet} />
      ))}
    </div>,
    document.body,
  )
}

function One({ sheet: { kind, name, link } }: { sheet: Sheet }) {
  const t = useTexts(texts)
  const format = useFormat()
  const me = useMe()
  const bridge = kind === 'bridge'
  // A bridge types its short code; a person's code is long, the address has it already.
  const address = bridge ? (link.url.split('#')[0] ?? link.url) : link.url
  const until = format.dateTime(link.expires_at)
  return (
    <section className={styles.sheet}>
      <p className={styles.body}>{me.organisation.name}</p>
      <h2 className={styles.title}>{t(bridge ? 'sheet.bridge' : 'sheet.person')}</h2>
      <p className={styles.name}>{name}</p>
      <ol className={styles.steps}>
        <li>
          {t('sheet.open')} <code className={styles.address}>{address}</code>
        </li>
        {bridge && (
          <li>
            {t('sheet.type')} <code className={styles.code}>{link.code}</code>
          </li>
        )}
        {bridge && <li>{t('sheet.test')}</li>}
      </ol>
      <p className={styles.small}>
        {t(bridge ? 'sheet.until' : 'sheet.once', { until })}. {t('sheet.keep')}
      </p>
      <div className={styles.hands}>
        <span>{t('sheet.from')}</span>
        <span>{t('sheet.to')}</span>
      </div>
    </section>
  )
}
