import { ActionIcon, Button, Progress } from '@mantine/core'
import { IconDownload, IconFileText, IconTrash, IconUpload, IconX } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { type DragEvent, useRef, useState } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import { useFormat } from '@/shared/session'
import { EmptyState } from '@/shared/ui/empty-state'
import { Panel } from '@/shared/ui/panel'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { StatusBadge } from '@/shared/ui/status-badge'
import { type Paper, type Room, roomKey, useCommand } from '../api'
import { texts } from '../i18n'
import { rows } from '../tree'
import { uploadPaper } from '../upload'
import styles from './papers.module.css'

interface Sending {
  readonly key: number
  readonly name: string
  readonly share: number
  readonly problem: unknown
}

/** The papers of the selected item, or those of the whole meeting; files can be dropped anywhere on it. */
export function Papers({ room, itemId }: { room: Room; itemId: string | null }) {
  const t = useTexts(texts)
  const { sending, send, dismiss } = useUploads(room.meeting.id, itemId)
  const [over, setOver] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const row = rows(room.agenda).find(found => found.item.id === itemId)
  const papers = room.papers.filter(paper => paper.item_id === itemId)

  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    send([...event.dataTransfer.files])
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is an extra way; the button below is the first
    <div
      className={styles.drop}
      data-over={over || undefined}
      onDragOver={event => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Panel
        title={row ? t('paper.ofItem', { number: row.number }) : t('paper.ofMeeting')}
        footer={
          <div className={styles.foot}>
            <Button
              variant="light"
              leftSection={<IconUpload size={20} aria-hidden />}
              onClick={() => input.current?.click()}
            >
              {t('paper.choose')}
            </Button>
            <p className={styles.kinds}>{t('paper.kinds')}</p>
            <input
              ref={input}
              type="file"
              multiple
              hidden
              aria-label={t('paper.choose')}
              onChange={event => {
                send([...(event.currentTarget.files ?? [])])
                event.currentTarget.value = ''
              }}
            />
          </div>
        }
      >
        {papers.length === 0 && sending.length === 0 && (
          <EmptyState icon={IconFileText} title={t('paper.empty')} hint={t('paper.drop')} />
        )}
        <ul className={styles.list}>
          {papers.map(paper => (
            <PaperRow key={paper.id} meetingId={room.meeting.id} paper={paper} />
          ))}
          {sending.map(upload => (
            <UploadRow key={upload.key} upload={upload} onDismiss={() => dismiss(upload.key)} />
          ))}
        </ul>
      </Panel>
    </div>
  )
}

function useUploads(meetingId: string, itemId: string | null) {
  const queries = useQueryClient()
  const next = useRef(0)
  const [sending, setSending] = useState<readonly Sending[]>([])
  const change = (key: number, to: Partial<Sending>) =>
    setSending(all => all.map(one => (one.key === key ? { ...one, ...to } : one)))
  const dismiss = (key: number) => setSending(all => all.filter(one => one.key !== key))

  const sendOne = async (key: number, file: File) => {
    try {
      await uploadPaper(meetingId, itemId, file, share => change(key, { share }))
      await queries.invalidateQueries({ queryKey: roomKey(meetingId) })
      dismiss(key)
    } catch (problem) {
      change(key, { problem })
    }
  }
  const send = (files: readonly File[]) => {
    const started = files.map(file => ({
      key: next.current++,
      name: file.name,
      share: 0,
      problem: null,
      file,
    }))
    setSending(all => [...all, ...started.map(({ file: _, ...one }) => one)])
    void started.reduce((before, one) => before.then(() => sendOne(one.key, one.file)), Promise.resolve())
  }
  return { sending, send, dismiss }
}

function UploadRow({ upload, onDismiss }: { upload: Sending; onDismiss: () => void }) {
  const t = useTexts(texts)
  const format = useFormat()
  return (
    <li className={styles.row}>
      <div className={styles.words}>
        <span className={styles.title}>{upload.name}</span>
        {upload.problem ? (
          <ProblemNotice problem={upload.problem} />
        ) : (
          <>
            <span className={styles.facts}>
              {upload.share < 1
                ? t('paper.uploading', { share: format.percent(upload.share) })
                : t('paper.reading')}
            </span>
            <Progress value={upload.share * 100} animated={upload.share >= 1} aria-label={upload.name} />
          </>
        )}
      </div>
      {upload.problem !== null && (
        <ActionIcon variant="subtle" aria-label={t('paper.dismiss')} onClick={onDismiss}>
          <IconX size={22} aria-hidden />
        </ActionIcon>
      )}
    </li>
  )
}

function PaperRow({ meetingId, paper }: { meetingId: string; paper: Paper }) {
  const t = useTexts(texts)
  const format = useFormat()
  const command = useCommand(meetingId)
  const kept = paper.state === 'kept'
  return (
    <li className={styles.row}>
      {kept ? (
        <IconDownload size={24} className={styles.glyph} aria-hidden />
      ) : (
        <IconFileText size={24} className={styles.glyph} aria-hidden />
      )}
      <div className={styles.words}>
        <span className={styles.title}>{paper.title}</span>
        <span className={styles.facts}>
          {kept ? (
            <StatusBadge tone="warn">{t('paper.kept')}</StatusBadge>
          ) : (
            t('paper.pages', { count: paper.pages })
          )}{' '}
          · {format.size(paper.size_bytes)}
        </span>
        {kept && <span className={styles.facts}>{t('paper.keptWhy')}</span>}
        <ProblemNotice problem={command.error} />
      </div>
      <ActionIcon
        variant="subtle"
        color="bad"
        aria-label={t('paper.remove', { title: paper.title })}
        loading={command.isPending}
        onClick={() => command.mutate({ kind: 'remove_paper', paper_id: paper.id })}
      >
        <IconTrash size={22} aria-hidden />
      </ActionIcon>
    </li>
  )
}
