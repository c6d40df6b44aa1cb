// Where the meeting stands and what comes. Tapping an item shows its papers and, to the chair, the lever to start it.
import { IconList } from '@tabler/icons-react'
import { useState } from 'react'
import { useStore } from 'zustand'
import { useTexts } from '@/shared/i18n/texts'
import { readingOf } from '@/shared/reading'
import type { PanelProps } from '@/shared/room-slots'
import { numbered } from '@/shared/room-views'
import { EmptyState } from '@/shared/ui/empty-state'
import { Panel } from '@/shared/ui/panel'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { useAct, useRoom } from '@/shared/use-room'
import styles from './agenda.module.css'
import { texts } from './i18n'
import { Item } from './parts/item'

export default function AgendaPanel({ meetingId }: PanelProps) {
  const t = useTexts(texts)
  const room = useRoom(meetingId)
  const act = useAct(meetingId)
  const open = useStore(readingOf(meetingId), reading => reading.open)
  const shown = useStore(readingOf(meetingId), reading => reading.place?.paper_id ?? null)
  const items = numbered(room.agenda)
  const current = room.meeting.current_item_id
  const [tapped, setTapped] = useState<string | null>(null)
  const unfolded = tapped ?? current
  const done = room.agenda.filter(item => item.state === 'done').length
  return (
    <Panel
      title={t('title')}
      aside={
        items.length > 0 && (
          <span className={`dh-numbers ${styles.progress}`}>
            {t('progress', { done, all: items.length })}
          </span>
        )
      }
      scrolls
      flush
    >
      <ProblemNotice problem={act.problem} />
      {items.length === 0 ? (
        <EmptyState icon={IconList} title={t('none')} hint={t('noneHint')} />
      ) : (
        <ol className={styles.list}>
          {items.map(one => (
            <Item
              key={one.item.id}
              numbered={one}
              room={room}
              act={act}
              unfolded={one.item.id === unfolded}
              onTap={() => setTapped(one.item.id === unfolded ? '' : one.item.id)}
              onRead={open}
              shown={shown}
            />
          ))}
        </ol>
      )}
    </Panel>
  )
}
