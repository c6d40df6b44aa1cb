import { Button } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck, IconCircleX, IconFileSearch } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { type DragEvent, useRef, useState } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import { useFormat } from '@/shared/session'
import { PageTitle } from '@/shared/ui/page-title'
import { Panel } from '@/shared/ui/panel'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { StatusBadge } from '@/shared/ui/status-badge'
import { type Report, type SignatureReport, verify } from './api'
import { texts } from './i18n'
import styles from './screen.module.css'

/** Drop a paper: three large lines of verdict, the details below. For anybody, signed in or not. */
export default function VerifyScreen() {
  const t = useTexts(texts)
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const checking = useMutation({ mutationFn: verify })
  const check = (files: FileList | null) => {
    const file = files?.[0]
    if (file) checking.mutate(file)
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    check(event.dataTransfer.files)
  }
  const choose = () => input.current?.click()
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is an extra way; the button is the first
    <div
      className={styles.page}
      onDragOver={event => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <PageTitle>{t('title')}</PageTitle>
      <h1 className={styles.title}>{t('title')}</h1>
      <input
        ref={input}
        type="file"
        accept="application/pdf,.pdf"
        hidden
        aria-label={t('choose')}
        onChange={event => {
          check(event.currentTarget.files)
          event.currentTarget.value = ''
        }}
      />
      {checking.data ? (
        <>
          <Verdict report={checking.data} />
          <Button variant="default" size="lg" onClick={choose} loading={checking.isPending}>
            {t('another')}
          </Button>
          <Signatures report={checking.data} />
        </>
      ) : (
        <div className={styles.drop} data-over={over || undefined}>
          <IconFileSearch size={48} stroke={1.5} aria-hidden className={styles.glyph} />
          <Button size="lg" onClick={choose} loading={checking.isPending}>
            {t('choose')}
          </Button>
          <p className={styles.muted}>{checking.isPending ? t('checking') : t('drop')}</p>
          <p className={styles.muted}>{t('lead')}</p>
        </div>
      )}
      <ProblemNotice problem={checking.error} />
    </div>
  )
}

const GLYPH = { valid: IconCircleCheck, invalid: IconCircleX, insufficient: IconAlertTriangle } as const
const TONE = { valid: 'good', invalid: 'bad', insufficient: 'warn' } as const

function Verdict({ report }: { report: Report }) {
  const t = useTexts(texts)
  const Glyph = GLYPH[report.verdict]
  return (
    <section className={styles.verdict} data-verdict={report.verdict} aria-live="polite">
      <p className={styles.word}>
        <Glyph size={40} aria-hidden />
        {t(`verdict.${report.verdict}`)}
      </p>
      {report.signatures.length > 0 && (
        <>
          <p className={styles.line}>{t(`line.content.${contentOf(report)}`)}</p>
          <p className={styles.line}>
            {t(report.signatures.length === 1 ? 'line.signers.one' : 'line.signers.many', {
              count: report.signatures.length,
              names: report.signatures.map(one => one.name).join(', '),
            })}
          </p>
          <p className={styles.line}>
            {t(
              report.signatures.every(one => one.trust === 'trusted')
                ? 'line.trust.valid'
                : 'line.trust.insufficient',
            )}
          </p>
        </>
      )}
      {report.reasons.map(reason => (
        <p key={reason} className={styles.line}>
          {t(`reason.${reason}`)}
        </p>
      ))}
    </section>
  )
}

/** Of the content alone, whoever signed it. */
function contentOf(report: Report): 'valid' | 'invalid' {
  const whole = report.signatures.every(
    one => one.intact && one.coverage !== 'partial' && one.changes !== 'forbidden',
  )
  return whole ? 'valid' : 'invalid'
}

function Signatures({ report }: { report: Report }) {
  const t = useTexts(texts)
  if (report.signatures.length === 0) return null
  return (
    <Panel title={t('details')}>
      <ul className={styles.list}>
        {report.signatures.map(signature => (
          <li key={signature.field} className={styles.signature}>
            <Signature signature={signature} />
          </li>
        ))}
      </ul>
      <p className={styles.muted}>
        {t('fingerprint')}: <span className={styles.code}>{report.sha256}</span>
      </p>
    </Panel>
  )
}

function Signature({ signature }: { signature: SignatureReport }) {
  const t = useTexts(texts)
  const format = useFormat()
  const rows: [string, string][] = [
    [
      t('signedAt'),
      signature.signed_at
        ? `${format.timeWithSeconds(signature.signed_at)}, ${format.date(signature.signed_at)} (${t(`source.${signature.time_source}`)})`
        : t('source.none'),
    ],
    [t('organisation'), signature.organisation],
    [t('issuer'), signature.issuer],
    [t('serial'), signature.serial],
    [t('coverage'), t(`covers.${signature.coverage}`)],
    [t('revocation'), t(`revoked.${signature.revocation}`)],
  ]
  return (
    <>
      <div className={styles.who}>
        <span className={styles.name}>{signature.name}</span>
        <StatusBadge tone={TONE[signature.verdict]}>{t(`verdict.${signature.verdict}`)}</StatusBadge>
      </div>
      {signature.title && <p className={styles.muted}>{signature.title}</p>}
      {signature.reasons.map(reason => (
        <p key={reason}>{t(`reason.${reason}`)}</p>
      ))}
      <dl className={styles.rows}>
        {rows
          .filter(([, value]) => value)
          .map(([label, value]) => (
            <div key={label} className={styles.row}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </>
  )
}
