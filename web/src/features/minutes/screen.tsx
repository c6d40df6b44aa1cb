import { Button } from '@mantine/core'
import { IconDownload, IconFileText, IconRefresh, IconWritingSign } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useParams } from 'react-router'
import { useTexts } from '@/shared/i18n/texts'
import { useFormat } from '@/shared/session'
import { ActionBar, PrimaryAction } from '@/shared/ui/action-bar'
import { ConfirmIrreversible } from '@/shared/ui/confirm-irreversible'
import { EmptyState } from '@/shared/ui/empty-state'
import { PageTitle } from '@/shared/ui/page-title'
import { Panel } from '@/shared/ui/panel'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { PaperSkeleton } from '@/shared/ui/skeletons'
import { StatusBadge } from '@/shared/ui/status-badge'
import { fetchPdf, type Minutes, type Room, type Status, useCommands, useDocument, useRoom } from './api'
import { texts } from './i18n'
import { type Act, nextAct } from './next-act'
import { Evidence } from './parts/evidence'
import { Paper } from './parts/paper'
import { Recordings } from './parts/recordings'
import styles from './screen.module.css'

/** Outline at the left, the paper in the middle, what each sentence rests on at the right, the next step below. */
export default function MinutesScreen() {
  const { id = '' } = useParams()
  const document = useDocument(id)
  const room = useRoom(id)
  const problem = document.error ?? room.error
  if (problem && (!document.data || !room.data))
    return (
      <div className={styles.page}>
        <ProblemNotice
          problem={problem}
          onRetry={() => void Promise.all([document.refetch(), room.refetch()])}
        />
      </div>
    )
  if (!document.data || !room.data)
    return (
      <div className={styles.page}>
        <PaperSkeleton />
      </div>
    )
  return <Desk room={room.data} status={document.data.status} minutes={document.data.minutes} />
}

interface DeskProps {
  room: Room
  status: Status
  minutes: Minutes | null
}

function Desk({ room, status, minutes }: DeskProps) {
  const t = useTexts(texts)
  const [selected, setSelected] = useState<string | null>(null)
  const writes = room.me.rights.includes('write_minutes')
  const paragraphs = minutes ? [...minutes.sections.flatMap(s => s.paragraphs), minutes.closing] : []
  const paragraph = paragraphs.find(one => one.id === selected) ?? null
  return (
    <>
      <div className={styles.page}>
        <PageTitle>{`${t('heading')}: ${room.meeting.details.title}`}</PageTitle>
        <header className={styles.head}>
          <h1 className={styles.title}>
            {t('heading')}: {room.meeting.details.title}
          </h1>
          <StateBadge status={status} />
        </header>
        {minutes === null ? (
          <EmptyState
            icon={IconFileText}
            title={t(room.meeting.state === 'closed' ? 'none' : 'notClosed')}
            hint={t(room.meeting.state !== 'closed' ? 'notClosedHint' : writes ? 'noneHint' : 'noneReader')}
          />
        ) : (
          <div className={styles.columns}>
            <Outline minutes={minutes} />
            <Paper minutes={minutes} selected={selected} onSelect={setSelected} />
            <div className={styles.side}>
              <Evidence
                meetingId={room.meeting.id}
                paragraph={paragraph}
                version={writes && status.state === 'draft' ? status.version : null}
              />
            </div>
          </div>
        )}
        <Recordings room={room} />
      </div>
      <NextStep room={room} status={status} />
    </>
  )
}

function StateBadge({ status }: { status: Status }) {
  const t = useTexts(texts)
  const tone = { none: 'neutral', draft: 'warn', locked: 'accent', signed: 'good' } as const
  return <StatusBadge tone={tone[status.state]}>{t(`state.${status.state}`)}</StatusBadge>
}

function Outline({ minutes }: { minutes: Minutes }) {
  const t = useTexts(texts)
  return (
    <nav aria-label={t('outline')} className={styles.outline}>
      <Panel title={t('outline')}>
        <ul className={styles.links}>
          {minutes.sections.map(section => (
            <li key={section.id}>
              <a href={`#section-${section.id}`} className={styles.link}>
                {[section.number, section.title].filter(Boolean).join('. ')}
              </a>
            </li>
          ))}
        </ul>
      </Panel>
    </nav>
  )
}

/** The one act that comes next for this person, and the paper to take away. */
function NextStep({ room, status }: { room: Room; status: Status }) {
  const t = useTexts(texts)
  const format = useFormat()
  const [asking, setAsking] = useState<Act | null>(null)
  const commands = useCommands(room.meeting.id)
  const next = nextAct(room, status)
  const commandsOf: Record<Act, Parameters<typeof commands.mutate>[0]> = {
    compile: [{ kind: 'compile_minutes' }],
    lock: [{ kind: 'lock_minutes', version: status.version }, { kind: 'sign_minutes' }],
    sign: [{ kind: 'sign_minutes' }],
  }
  const words = {
    compile: { title: t('compileAsk'), consequence: t('compileConsequence'), label: t('compileAgain') },
    lock: { title: t('lockAsk'), consequence: t('lockConsequence'), label: t('lockAndSign') },
    sign: { title: t('signAsk'), consequence: t('signConsequence'), label: t('sign') },
  }
  const again = status.state === 'draft' && room.me.rights.includes('write_minutes')
  const asked = words[asking ?? 'sign']
  const note = status.signatures.map(signature =>
    t('signedBy', {
      role: t(signature.role === 'chair' ? 'role.chair' : 'role.secretary'),
      name: signature.name,
      at: format.dateTime(signature.signed_at),
    }),
  )
  if (status.state === 'none' && next === null) return null
  return (
    <ActionBar
      note={
        <>
          {note.map(line => (
            <p key={line} className={styles.signature}>
              {line}
            </p>
          ))}
          {next === 'wait-secretary' && t('waitSecretary')}
          {next === 'wait-chair' && t('waitChair')}
          {asking === null && <ProblemNotice problem={commands.error} />}
        </>
      }
      secondary={
        <>
          {again && (
            <Button
              variant="subtle"
              leftSection={<IconRefresh size={20} aria-hidden />}
              onClick={() => setAsking('compile')}
            >
              {t('compileAgain')}
            </Button>
          )}
          {status.state !== 'none' && <PdfButton room={room} status={status} />}
        </>
      }
    >
      {next === 'compile' && (
        <PrimaryAction
          label={t('compile')}
          icon={IconFileText}
          pending={commands.isPending}
          onPress={() => commands.mutate(commandsOf.compile)}
        />
      )}
      {next === 'lock' && (
        <PrimaryAction label={t('lockAndSign')} icon={IconWritingSign} onPress={() => setAsking('lock')} />
      )}
      {next === 'sign' && (
        <PrimaryAction label={t('sign')} icon={IconWritingSign} onPress={() => setAsking('sign')} />
      )}
      <ConfirmIrreversible
        opened={asking !== null}
        title={asked.title}
        consequence={asked.consequence}
        confirmLabel={asked.label}
        pending={commands.isPending}
        problem={commands.error}
        onCancel={() => setAsking(null)}
        onConfirm={() => asking && commands.mutate(commandsOf[asking], { onSuccess: () => setAsking(null) })}
      />
    </ActionBar>
  )
}

function PdfButton({ room, status }: { room: Room; status: Status }) {
  const t = useTexts(texts)
  const draft = status.state === 'draft'
  const fetching = useMutation({
    mutationFn: () => fetchPdf(room.meeting.id),
    onSuccess: blob => {
      const link = document.createElement('a')
      link.href = URL.createObjectURL(blob)
      if (draft) link.target = '_blank'
      else link.download = `${t('heading')} - ${room.meeting.details.title}.pdf`
      link.click()
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
    },
  })
  return (
    <>
      <ProblemNotice problem={fetching.error} />
      <Button
        variant="default"
        leftSection={<IconDownload size={20} aria-hidden />}
        loading={fetching.isPending}
        onClick={() => fetching.mutate()}
      >
        {t(draft ? 'preview' : 'download')}
      </Button>
    </>
  )
}
