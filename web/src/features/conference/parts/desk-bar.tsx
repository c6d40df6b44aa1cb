import { ActionIcon, Kbd, Menu, Popover } from '@mantine/core'
import {
  IconArrowLeft,
  IconDeviceProjector,
  IconDots,
  IconKeyboard,
  IconPlayerRecord,
  IconPlayerRecordFilled,
  IconPlayerStop,
  IconUsersGroup,
} from '@tabler/icons-react'
import { Link } from 'react-router'
import { useServerNow } from '@/shared/clock'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import { HealthBadge } from '@/shared/media/health-badge'
import type { LinkSnapshot } from '@/shared/peer'
import { type Health, receivingHealth, worse } from '@/shared/peer-stats'
import type { Room } from '@/shared/room-types'
import { useFormat } from '@/shared/session'
import { AccountMenu } from '@/shared/ui/account-menu'
import { RecordingBadge } from '@/shared/ui/recording-badge'
import { StatusBadge } from '@/shared/ui/status-badge'
import { TopBar } from '@/shared/ui/top-bar'
import { useRoomView } from '@/shared/use-room'
import { texts } from '../i18n'
import { useRecording } from '../use-recording'
import type { Stage } from '../use-stage'
import styles from './desk-bar.module.css'

interface DeskBarProps {
  meetingId: string
  room: Room
  stage: Stage
  main: LinkSnapshot | null
}

export function DeskBar({ meetingId, room, stage, main }: DeskBarProps) {
  const t = useTexts(texts)
  const c = useTexts(common)
  const line = useRoomView(meetingId, view => view.line)
  const { state, details } = room.meeting
  const news: Health = line === 'good' || line === 'connecting' ? 'idle' : 'reconnecting'
  const word = useRoomView(meetingId, view => view.word)
  const received = receivingHealth(main?.state ?? 'idle', main?.stats ?? null, stage.onAir !== null, word)
  const health = worse(received, news)
  const recording = useRecording(meetingId, room)
  return (
    <TopBar
      start={
        <ActionIcon component={Link} to="/" aria-label={c('home')}>
          <IconArrowLeft size={26} aria-hidden />
        </ActionIcon>
      }
      title={details.title}
      status={
        <>
          <StatusBadge tone={state === 'open' ? 'live' : 'neutral'}>{t(`state.${state}`)}</StatusBadge>
          <Clock />
          <HealthBadge health={health} testId="connection" />
          <RecordingBadge room={room} />
          {recording.trouble && (
            <span role="alert" title={recording.trouble}>
              <StatusBadge tone="warn">{t('recording.trouble')}</StatusBadge>
            </span>
          )}
        </>
      }
      actions={
        <>
          <KeysHelp />
          <Menu position="bottom-end" width={320}>
            <Menu.Target>
              <ActionIcon aria-label={t('more')}>
                <IconDots size={26} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item
                component={Link}
                to={`/meetings/${meetingId}/projector`}
                leftSection={<IconDeviceProjector size={22} aria-hidden />}
              >
                {t('projector')}
              </Menu.Item>
              <Menu.Item
                component={Link}
                to={`/meetings/${meetingId}`}
                leftSection={<IconUsersGroup size={22} aria-hidden />}
              >
                {t('room')}
              </Menu.Item>
              <Menu.Item
                leftSection={
                  recording.on ? (
                    <IconPlayerRecordFilled size={22} aria-hidden />
                  ) : (
                    <IconPlayerRecord size={22} aria-hidden />
                  )
                }
                disabled={!recording.available || !stage.allowed}
                onClick={() => stage.record(!recording.on)}
              >
                {t(recording.on ? 'recording.stop' : 'recording.start')}
                {!recording.available && <p className={styles.why}>{t('recording.nowhere')}</p>}
              </Menu.Item>
              <Menu.Item
                leftSection={<IconPlayerStop size={22} aria-hidden />}
                disabled={stage.onAir === null || !stage.allowed}
                onClick={() => stage.putOnAir(null)}
              >
                {t('stopAll')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
          <AccountMenu />
        </>
      }
    />
  )
}

function Clock() {
  const format = useFormat()
  return <time className={styles.clock}>{format.time(useServerNow(1000))}</time>
}

function KeysHelp() {
  const t = useTexts(texts)
  const rows = [
    ['0', t('keys.centre')],
    ['1 – 9', t('keys.source')],
    ['L', t('keys.take')],
    ['Ctrl Z', t('keys.undo')],
    ['/', t('keys.search')],
    ['S', t('keys.trouble')],
  ] as const
  return (
    <Popover position="bottom-end" width={360} shadow="md">
      <Popover.Target>
        <ActionIcon aria-label={t('keys.title')}>
          <IconKeyboard size={26} aria-hidden />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <h2 className={styles.head}>{t('keys.title')}</h2>
        <dl className={styles.rows}>
          {rows.map(([key, act]) => (
            <div key={key} className={styles.row}>
              <dt>
                <Kbd size="md">{key}</Kbd>
              </dt>
              <dd>{act}</dd>
            </div>
          ))}
        </dl>
      </Popover.Dropdown>
    </Popover>
  )
}
