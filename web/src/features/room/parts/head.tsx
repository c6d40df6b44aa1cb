import { Button, UnstyledButton } from '@mantine/core'
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconPresentation,
  IconRefresh,
  IconWifi,
  IconWifiOff,
  type TablerIcon,
} from '@tabler/icons-react'
import { useState } from 'react'
import { useServerNow } from '@/shared/clock'
import { useTexts } from '@/shared/i18n/texts'
import type { LineState } from '@/shared/room-client'
import type { Room } from '@/shared/room-types'
import { may, quorum } from '@/shared/room-views'
import { AccountMenu } from '@/shared/ui/account-menu'
import { RecordingBadge } from '@/shared/ui/recording-badge'
import { StatusBadge } from '@/shared/ui/status-badge'
import { TopBar } from '@/shared/ui/top-bar'
import { useRoomView } from '@/shared/use-room'
import { texts } from '../i18n'
import styles from '../room.module.css'
import { People } from './people'
import { RoomMenu } from './room-menu'

/** What is true now: the meeting, how long, who is there, how the line is. */
export function Head({ room }: { room: Room }) {
  const t = useTexts(texts)
  const [people, setPeople] = useState(false)
  const { meeting } = room
  const count = quorum(room)
  return (
    <>
      <TopBar
        title={
          <h1 className={styles.title} title={meeting.details.title}>
            {meeting.details.title}
          </h1>
        }
        status={
          <>
            <State room={room} />
            <RecordingBadge room={room} />
            {meeting.state !== 'draft' && (
              <UnstyledButton className={styles.quorum ?? ''} onClick={() => setPeople(true)}>
                <span className="dh-numbers">
                  {t('present', { present: count.present, members: count.members })}
                </span>
                <span className={styles.verdict} data-reached={count.reached}>
                  {count.reached ? (
                    <IconCircleCheck size={20} aria-hidden />
                  ) : (
                    <IconAlertTriangle size={20} aria-hidden />
                  )}
                  {count.reached ? t('quorum.reached') : t('quorum.missing', { needed: count.needed })}
                </span>
              </UnstyledButton>
            )}
            <Line meeting_id={meeting.id} />
          </>
        }
        actions={
          <>
            {may(room, 'project') && (
              <Button
                component="a"
                href={`/meetings/${meeting.id}/projector`}
                target="_blank"
                rel="noopener"
                variant="default"
                className={styles.project ?? ''}
                leftSection={<IconPresentation size={22} aria-hidden />}
              >
                {t('project')}
              </Button>
            )}
            <RoomMenu room={room} onPeople={() => setPeople(true)} />
            <AccountMenu />
          </>
        }
      />
      <People room={room} opened={people} onClose={() => setPeople(false)} />
    </>
  )
}

function State({ room }: { room: Room }) {
  const t = useTexts(texts)
  const { state, opened_at } = room.meeting
  const now = useServerNow(state === 'open' ? 5_000 : null)
  if (state !== 'open' || opened_at === null)
    return (
      <StatusBadge tone="neutral">
        {state === 'open' ? t('state.open', { time: '' }) : t(`state.${state}`)}
      </StatusBadge>
    )
  const minutes = Math.max(0, Math.floor((now - Date.parse(opened_at)) / 60_000))
  const two = (value: number): string => String(value).padStart(2, '0')
  const time = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
  return <StatusBadge tone="live">{t('state.open', { time })}</StatusBadge>
}

const LINES: Record<LineState, TablerIcon> = {
  connecting: IconRefresh,
  good: IconWifi,
  reconnecting: IconRefresh,
  offline: IconWifiOff,
}

function Line({ meeting_id }: { meeting_id: string }) {
  const t = useTexts(texts)
  const line = useRoomView(meeting_id, view => view.line)
  const Glyph = LINES[line]
  return (
    <span role="status" className={styles.line} data-line={line}>
      <Glyph size={20} aria-hidden />
      <span className={styles.word}>{t(`line.${line}`)}</span>
    </span>
  )
}
