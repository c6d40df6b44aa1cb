// A bridge's screen for the hall's television: holding screen, then the programme, then the end.
import { Button } from '@mantine/core'
import { IconBuildingBroadcastTower, IconDeviceTv } from '@tabler/icons-react'
import { Link, Navigate, useParams } from 'react-router'
import { useTexts } from '@/shared/i18n/texts'
import { useMe } from '@/shared/session'
import { EmptyState } from '@/shared/ui/empty-state'
import { PageTitle } from '@/shared/ui/page-title'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { PageSkeleton } from '@/shared/ui/skeletons'
import { useRoomClient, useRoomView } from '@/shared/use-room'
import { texts } from './i18n'
import { Hall } from './parts/hall'
import styles from './screen.module.css'

export default function BridgeScreen() {
  const { id = '' } = useParams()
  const me = useMe()
  const t = useTexts(texts)
  if (me.kind === 'bridge') return <Joined meetingId={id} />
  return (
    <main className={styles.centre}>
      <EmptyState
        icon={IconDeviceTv}
        title={t('onlyBridges.title')}
        hint={t('onlyBridges.hint')}
        action={
          <Button component={Link} to={`/meetings/${id}`} size="lg">
            {t('onlyBridges.room')}
          </Button>
        }
      />
    </main>
  )
}

function Joined({ meetingId }: { meetingId: string }) {
  const t = useTexts(texts)
  const client = useRoomClient(meetingId)
  const room = useRoomView(meetingId, view => view.room)
  const problem = useRoomView(meetingId, view => view.problem)
  if (room?.me.role === 'central_bridge') return <Navigate to={`/meetings/${meetingId}/desk`} replace />
  if (room !== null)
    return (
      <>
        <PageTitle>{room.meeting.details.title}</PageTitle>
        <Hall meetingId={meetingId} room={room} />
      </>
    )
  return (
    <main className={styles.centre}>
      {problem === null ? (
        <PageSkeleton />
      ) : problem.status === 404 ? (
        <EmptyState icon={IconBuildingBroadcastTower} title={t('noRoom.title')} hint={t('noRoom.hint')} />
      ) : (
        <ProblemNotice problem={problem} onRetry={() => void client.load()} />
      )}
    </main>
  )
}
