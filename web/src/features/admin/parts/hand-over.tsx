// A fresh code, shown once: to copy, or to print and hand over.
import { Button, CopyButton, Modal } from '@mantine/core'
import { IconCheck, IconCopy, IconPrinter } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import { useFormat } from '@/shared/session'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { CardSkeleton } from '@/shared/ui/skeletons'
import type { CodeLink } from '../api'
import { texts } from '../i18n'
import styles from './hand-over.module.css'
import { type Sheet, Sheets } from './sheets'

interface HandOverProps {
  kind: Sheet['kind']
  subject: { readonly id: string; readonly name: string }
  /** Asked once: every asking makes another code. */
  make: () => Promise<CodeLink>
  onClose: () => void
}

export function HandOver({ kind, subject, make, onClose }: HandOverProps) {
  const t = useTexts(texts)
  const c = useTexts(common)
  const format = useFormat()
  const [link, setLink] = useState<CodeLink | null>(null)
  const [problem, setProblem] = useState<unknown>(null)
  const asked = useRef(false)
  useEffect(() => {
    if (asked.current) return
    asked.current = true
    make().then(setLink, setProblem)
  })
  const bridge = kind === 'bridge'
  const until = link === null ? '' : format.dateTime(link.expires_at)
  return (
    <Modal
      opened
      onClose={onClose}
      title={t(bridge ? 'link.titleCode' : 'link.title', { name: subject.name })}
      size="lg"
    >
      <ProblemNotice problem={problem} />
      {link === null && problem === null && <CardSkeleton />}
      {link !== null && (
        <div className={styles.codes}>
          {bridge && <Copied label={t('link.code')} value={link.code} large />}
          <Copied label={t('link.address')} value={link.url} />
          <p className={styles.hint}>
            {t(bridge ? 'link.replaces' : 'link.once', { until })} {t('link.lost')}
          </p>
          <div className={styles.buttons}>
            <Button variant="default" size="lg" onClick={onClose}>
              {c('close')}
            </Button>
            <Button
              size="lg"
              leftSection={<IconPrinter size={24} aria-hidden />}
              onClick={() => window.print()}
            >
              {t('link.print')}
            </Button>
          </div>
          <Sheets sheets={[{ kind, id: subject.id, name: subject.name, link }]} />
        </div>
      )}
    </Modal>
  )
}

function Copied({ label, value, large = false }: { label: string; value: string; large?: boolean }) {
  const t = useTexts(texts)
  return (
    <div className={styles.copied}>
      <div className={styles.value}>
        <span className={styles.label}>{label}</span>
        <code className={large ? styles.large : styles.long} translate="no">
          {value}
        </code>
      </div>
      <CopyButton value={value} timeout={4000}>
        {({ copied, copy }) => (
          <Button
            variant={copied ? 'light' : 'default'}
            color="good"
            leftSection={copied ? <IconCheck size={20} aria-hidden /> : <IconCopy size={20} aria-hidden />}
            onClick={copy}
            aria-label={`${t(copied ? 'link.copied' : 'link.copy')}: ${label}`}
          >
            {t(copied ? 'link.copied' : 'link.copy')}
          </Button>
        )}
      </CopyButton>
    </div>
  )
}
