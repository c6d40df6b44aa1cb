// Codes for many bridges, one after the other, then all sheets in one printing.
import { Button, Modal, Progress } from '@mantine/core'
import { IconPrinter } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import { ConfirmIrreversible } from '@/shared/ui/confirm-irreversible'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { type Bridge, makeJoinCode } from '../api'
import { texts } from '../i18n'
import styles from './hand-over.module.css'
import { type Sheet, Sheets } from './sheets'

export function ManyCodes({ bridges, onClose }: { bridges: readonly Bridge[]; onClose: () => void }) {
  const t = useTexts(texts)
  const c = useTexts(common)
  const [all] = useState(bridges) // the list behind may change meanwhile
  const [running, setRunning] = useState<boolean | null>(null)
  const [sheets, setSheets] = useState<readonly Sheet[]>([])
  const [stopped, setStopped] = useState<{ name: string; problem: unknown } | null>(null)
  const gone = useRef(false)
  useEffect(() => {
    gone.current = false
    return () => {
      gone.current = true
    }
  }, [])

  const make = async (): Promise<void> => {
    setRunning(true)
    setStopped(null)
    const left = all.slice(sheets.length)
    for (const { id, name } of left) {
      if (gone.current) return
      try {
        const link = await makeJoinCode(id)
        setSheets(before => [...before, { kind: 'bridge', id, name, link }])
      } catch (problem) {
        setStopped({ name, problem })
        break
      }
    }
    setRunning(false)
  }

  if (running === null) {
    return (
      <ConfirmIrreversible
        opened
        title={t('many.confirm', { count: all.length })}
        consequence={t('many.confirmHint')}
        confirmLabel={t('link.confirmLabel')}
        onConfirm={() => void make()}
        onCancel={onClose}
      />
    )
  }
  return (
    <Modal
      opened
      onClose={running ? () => undefined : onClose}
      title={t('many.make')}
      size="lg"
      withCloseButton={!running}
    >
      <div className={styles.codes}>
        <p className={styles.hint} role="status">
          {running
            ? t('many.progress', { done: sheets.length, all: all.length })
            : t('many.ready', { count: sheets.length })}
        </p>
        <Progress value={(sheets.length / all.length) * 100} size="lg" aria-label={t('many.make')} />
        {stopped !== null && (
          <>
            <ProblemNotice problem={stopped.problem} onRetry={() => void make()} />
            <p className={styles.hint}>{t('many.stopped', { name: stopped.name })}</p>
          </>
        )}
        <p className={styles.hint}>{t('link.lost')}</p>
        <div className={styles.buttons}>
          <Button variant="default" size="lg" disabled={running} onClick={onClose}>
            {c('close')}
          </Button>
          <Button
            size="lg"
            leftSection={<IconPrinter size={24} aria-hidden />}
            disabled={running || sheets.length === 0}
            onClick={() => window.print()}
          >
            {t('link.print')}
          </Button>
        </div>
        <Sheets sheets={sheets} />
      </div>
    </Modal>
  )
}
