// The director's desk. The central bridge signs in with its join code and this is its screen; the chair and the
// secretary may direct from it too, without sending a picture of their own.
import { Button } from '@mantine/core'
import { IconDeviceDesktopAnalytics } from '@tabler/icons-react'
import { Link, useParams } from 'react-router'
import { useTexts } from '@/shared/i18n/texts'
import { may } from '@/shared/room-views'
import { EmptyState } from '@/shared/ui/empty-state'
import { PageTitle } from '@/shared/ui/page-title'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { TilesSkeleton } from '@/shared/ui/skeletons'
import { useRoomClient, useRoomView } from '@/shared/use-room'
import { texts } from './i18n'
import { Desk } from './parts/desk'
import styles from './screen.module.css'

export default function ConferenceScreen() {
  const { id = '' } = useParams()
  const t = useTexts(texts)
  const client = useRoomClient(id)
  const room = useRoomView(id, view => view.room)
  const problem = useRoomView(id, view => view.problem)
  if (room !== null && may(room, 'direct'))
    return (
      <>
        <PageTitle>{room.meeting.details.title}</PageTitle>
        <Desk meetingId={id} room={room} />
      </>
    )
  if (room !== null) {
    return (
      <main className={styles.centre}>
        <EmptyState
          icon={IconDeviceDesktopAnalytics}
          title={t('notDirector.title')}
          hint={t('notDirector.hint')}
          action={
            <Button component={Link} to={`/meetings/${id}`} size="lg">
              {t('notDirector.room')}
            </Button>
          }
        />
      </main>
    )
  }
  return (
    <main className={problem === null ? styles.loading : styles.centre}>
      {problem === null ? (
        <TilesSkeleton tiles={24} />
      ) : (
        <ProblemNotice problem={problem} onRetry={() => void client.load()} />
      )}
    </main>
  )
}
