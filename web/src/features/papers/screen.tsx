// The reader in the middle of the room: one paper, one page, and the chair's lead. It knows no other panel; what
// is read is shared through shared/reading.
import { IconFiles } from '@tabler/icons-react'
import { useEffect, useRef } from 'react'
import { useStore } from 'zustand'
import { useTexts } from '@/shared/i18n/texts'
import { readingOf } from '@/shared/reading'
import type { PanelProps } from '@/shared/room-slots'
import type { Paper } from '@/shared/room-types'
import { currentItem, may, papersOf } from '@/shared/room-views'
import { EmptyState } from '@/shared/ui/empty-state'
import { useAct, useRoom } from '@/shared/use-room'
import { texts } from './i18n'
import styles from './papers.module.css'
import { KeptPaper } from './parts/kept-paper'
import { LeadLine } from './parts/lead-line'
import { PaperMenu } from './parts/paper-menu'
import { Reader } from './parts/reader'
import { useKeepOnDevice } from './use-keep-on-device'

const LEAD_AFTER_MS = 150

export default function PapersPanel({ meetingId }: PanelProps) {
  const t = useTexts(texts)
  const room = useRoom(meetingId)
  const reading = useStore(readingOf(meetingId))
  const { lead } = room.meeting
  const presides = may(room, 'preside')
  const act = useAct(meetingId)
  const item_id = currentItem(room)?.item.id ?? null
  useKeepOnDevice(meetingId)

  useEffect(() => reading.led(lead), [lead, reading.led])

  // The first paper of what is being dealt with, for who has not chosen another.
  const first = (papersOf(room, item_id)[0] ?? room.papers[0])?.id
  useEffect(() => {
    if (first !== undefined) reading.suggest(first)
  }, [first, reading.suggest])

  // While leading, everyone goes where the chair turns; a little later, so that leafing through is one move.
  const { place } = reading
  const run = useRef(act.run)
  run.current = act.run
  const leads = presides && lead !== null && !reading.following
  const paper = place ? room.papers.find(one => one.id === place.paper_id) : undefined
  const led = lead !== null && place !== null && lead.paper_id === place.paper_id && lead.page === place.page
  const readable = paper?.state === 'ready'
  // Only this person's own turning leads: that the lead moved on another screen of the chair does not.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `led` is read when the place changes, no sooner
  useEffect(() => {
    if (!leads || led || place === null || !readable) return
    const timer = setTimeout(() => void run.current({ kind: 'lead_to', ...place }), LEAD_AFTER_MS)
    return () => clearTimeout(timer)
  }, [place, leads, readable])

  if (!paper || !place)
    return (
      <section className={styles.panel} aria-label={t('title')}>
        <EmptyState icon={IconFiles} title={t('none')} hint={t('noneHint')} />
      </section>
    )
  const page = clamp(place.page, paper)
  return (
    <section className={styles.panel} aria-label={t('title')}>
      <header className={styles.head}>
        <PaperMenu room={room} paper={paper} onChoose={reading.open} />
        <LeadLine room={room} act={act} reading={reading} paper={paper} page={page} />
      </header>
      {paper.state === 'ready' ? (
        <Reader key={paper.id} meeting_id={meetingId} paper={paper} page={page} onTurn={reading.turn} />
      ) : (
        <KeptPaper paper={paper} />
      )}
    </section>
  )
}

const clamp = (page: number, paper: Paper): number => Math.max(1, Math.min(page, Math.max(1, paper.pages)))
