// The meeting room, one screen for all: what is now on top, the paper in the middle, one thing to press below.
// It gives places to panels and knows what is expected of whom; what happens inside a panel is the panel's.
import { IconClipboardText } from '@tabler/icons-react'
import { Link, Navigate, useParams } from 'react-router'
import { useTexts } from '@/shared/i18n/texts'
import type { RoomSlots } from '@/shared/room-slots'
import type { Room } from '@/shared/room-types'
import { may } from '@/shared/room-views'
import { EmptyState } from '@/shared/ui/empty-state'
import { PageTitle } from '@/shared/ui/page-title'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { ListSkeleton, PaperSkeleton } from '@/shared/ui/skeletons'
import { useRoomClient, useRoomView } from '@/shared/use-room'
import { texts } from './i18n'
import { BottomBar } from './parts/bottom-bar'
import { Head } from './parts/head'
import { Stage } from './parts/stage'
import styles from './room.module.css'

export default function RoomScreen({ slots }: { slots: RoomSlots }) {
  const { id = '' } = useParams()
  return <Entered key={id} meeting_id={id} slots={slots} />
}

interface EnteredProps {
  meeting_id: string
  slots: RoomSlots
}

function Entered({ meeting_id, slots }: EnteredProps) {
  const t = useTexts(texts)
  const client = useRoomClient(meeting_id)
  const room = useRoomView(meeting_id, view => view.room)
  const problem = useRoomView(meeting_id, view => view.problem)
  if (room === null)
    return (
      <main className={styles.loading} aria-label={t('loading')}>
        {problem ? (
          <div className={styles.refused}>
            <ProblemNotice problem={problem} onRetry={() => void client.load()} />
            <Link to="/" className={styles.home}>
              {t('home')}
            </Link>
          </div>
        ) : (
          <div className={styles.shape}>
            <ListSkeleton rows={6} />
            <PaperSkeleton />
            <ListSkeleton rows={4} />
          </div>
        )}
      </main>
    )
  // A bridge has its own screens.
  if (room.me.role === 'central_bridge') return <Navigate to={`/meetings/${meeting_id}/desk`} replace />
  if (room.me.role === 'commune_bridge') return <Navigate to={`/meetings/${meeting_id}/bridge`} replace />
  return (
    <div className={styles.room}>
      <PageTitle>{room.meeting.details.title}</PageTitle>
      <Head room={room} />
      <main className={styles.main}>
        {room.meeting.state === 'draft' ? <Draft room={room} /> : <Stage room={room} slots={slots} />}
      </main>
      <BottomBar room={room} />
    </div>
  )
}

function Draft({ room }: { room: Room }) {
  const t = useTexts(texts)
  return (
    <div className={styles.draft}>
      <EmptyState
        icon={IconClipboardText}
        title={t('draft.title')}
        hint={t('draft.hint')}
        action={
          may(room, 'prepare') && (
            <Link to={`/meetings/${room.meeting.id}/prepare`} className={styles.home}>
              {t('menu.prepare')}
            </Link>
          )
        }
      />
    </div>
  )
}
