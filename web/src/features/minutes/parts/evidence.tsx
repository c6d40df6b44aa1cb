import { Button, Textarea } from '@mantine/core'
import { IconPencil } from '@tabler/icons-react'
import { useState } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import { useFormat } from '@/shared/session'
import { Panel } from '@/shared/ui/panel'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { type Paragraph, useCommands, useJournal } from '../api'
import { texts } from '../i18n'
import { told } from '../told'
import styles from './evidence.module.css'

interface EvidenceProps {
  meetingId: string
  paragraph: Paragraph | null
  /** The version one edits, or null where nothing may be edited. */
  version: number | null
}

/** Beside the paper: the journal entries of the chosen sentence, and a box to put it right. */
export function Evidence({ meetingId, paragraph, version }: EvidenceProps) {
  const t = useTexts(texts)
  return (
    <Panel title={t('evidence')}>
      {paragraph === null ? (
        <p className={styles.hint}>{t('evidenceHint')}</p>
      ) : (
        <>
          {version !== null && (
            // another key once the correction has arrived: the box closes by itself
            <Correction
              key={`${paragraph.id} ${paragraph.text}`}
              meetingId={meetingId}
              paragraph={paragraph}
              version={version}
            />
          )}
          {paragraph.composed !== null && (
            <div className={styles.composed}>
              <p className={styles.hint}>{t('corrected')}</p>
              <p>{paragraph.composed}</p>
            </div>
          )}
          <Entries meetingId={meetingId} seqs={paragraph.evidence} />
        </>
      )}
    </Panel>
  )
}

function Correction({
  meetingId,
  paragraph,
  version,
}: {
  meetingId: string
  paragraph: Paragraph
  version: number
}) {
  const t = useTexts(texts)
  const [text, setText] = useState<string | null>(null)
  const commands = useCommands(meetingId)
  if (text === null)
    return (
      <Button
        variant="default"
        leftSection={<IconPencil size={20} aria-hidden />}
        onClick={() => setText(paragraph.text)}
      >
        {t('edit')}
      </Button>
    )
  const command = { kind: 'correct_minutes', version, paragraph_id: paragraph.id, text } as const
  return (
    <form
      className={styles.form}
      onSubmit={event => {
        event.preventDefault()
        commands.mutate([command])
      }}
    >
      <Textarea
        aria-label={t('edit')}
        autosize
        minRows={3}
        maxRows={14}
        maxLength={20_000}
        value={text}
        onChange={event => setText(event.currentTarget.value)}
        data-autofocus
      />
      <ProblemNotice problem={commands.error} />
      <Button type="submit" loading={commands.isPending} disabled={text === paragraph.text}>
        {t('save')}
      </Button>
    </form>
  )
}

function Entries({ meetingId, seqs }: { meetingId: string; seqs: readonly number[] }) {
  const t = useTexts(texts)
  const format = useFormat()
  const journal = useJournal(meetingId, seqs.length > 0)
  const entries = (journal.data ?? []).filter(entry => seqs.includes(entry.seq))
  if (seqs.length === 0) return <p className={styles.hint}>{t('evidenceNone')}</p>
  return (
    <>
      <ProblemNotice problem={journal.error} />
      <ol className={styles.entries}>
        {entries.map(entry => (
          <li key={entry.seq} className={styles.entry}>
            <span className={styles.seq}>
              #{entry.seq} · {format.timeWithSeconds(entry.at)}
            </span>
            <span>{told(entry)}</span>
            <span className={styles.hint}>{entry.actor.name}</span>
          </li>
        ))}
      </ol>
    </>
  )
}
