// The thin bar: where this is, what time, how the line is, what is sent, and the one thing to press.
import { ActionIcon, Button } from '@mantine/core'
import { useFullscreenDocument } from '@mantine/hooks'
import { IconHelpCircle, IconMaximize, IconMinimize, IconPencil } from '@tabler/icons-react'
import { useState } from 'react'
import { useServerNow } from '@/shared/clock'
import { useTexts } from '@/shared/i18n/texts'
import type { Capture, CaptureSnapshot } from '@/shared/media/capture'
import { DeviceToggle } from '@/shared/media/device-toggle'
import { HealthBadge } from '@/shared/media/health-badge'
import type { Health } from '@/shared/peer-stats'
import type { Room } from '@/shared/room-types'
import { useFormat, useMe } from '@/shared/session'
import { AccountMenu } from '@/shared/ui/account-menu'
import { PersonName } from '@/shared/ui/person-name'
import { RecordingBadge } from '@/shared/ui/recording-badge'
import { texts } from '../i18n'
import type { Air } from '../stage'
import styles from './bar.module.css'
import { HandButton } from './hand-button'
import { Heads } from './heads'
import { Help, type OwnLinks } from './help'

interface BarProps {
  meetingId: string
  room: Room
  capture: Capture
  now: CaptureSnapshot
  health: Health
  air: Air
  sending: boolean
  links: OwnLinks
}

export function Bar({ meetingId, room, capture, now, health, air, sending, links }: BarProps) {
  const t = useTexts(texts)
  const me = useMe()
  const [open, setOpen] = useState<'heads' | 'help' | null>(null)
  const heads = room.bridges.at(0)?.heads ?? null
  return (
    <section className={styles.bar} aria-label={t('bar')} data-air={air}>
      <div className={styles.place}>
        <PersonName name={me.name} size="large" />
        <span className={styles.line}>
          <Clock />
          <HealthBadge health={health} testId="connection" />
          <RecordingBadge room={room} />
        </span>
      </div>
      <div className={styles.own}>
        <DeviceToggle
          device="camera"
          state={now.camera}
          live={sending && air === 'on-air'}
          onToggle={on => void capture.setCamera(on)}
        />
        <DeviceToggle
          device="microphone"
          state={now.microphone}
          live={sending && air === 'on-air'}
          onToggle={on => void capture.setMicrophone(on)}
        />
        {air === 'off' && (
          <span className={styles.off} data-testid="not-sending">
            <strong>{t('air.off')}</strong>
            <span>{t('air.offHint')}</span>
          </span>
        )}
      </div>
      <div className={styles.tools}>
        <FullScreen />
        <ActionIcon aria-label={t('help.button')} size={48} onClick={() => setOpen('help')}>
          <IconHelpCircle size={28} aria-hidden />
        </ActionIcon>
        <AccountMenu />
      </div>
      <div className={styles.levers}>
        <Button
          variant="default"
          size="lg"
          className={styles.heads ?? ''}
          rightSection={<IconPencil size={20} aria-hidden />}
          onClick={() => setOpen('heads')}
          data-testid="heads"
        >
          {heads === null ? t('heads.none') : t('heads.button', { heads })}
        </Button>
        {/* Before the opening nobody can ask for the floor; its place is kept once anybody can. */}
        {room.meeting.state === 'open' && <HandButton meetingId={meetingId} room={room} />}
      </div>
      <Heads meetingId={meetingId} heads={heads} opened={open === 'heads'} onClose={() => setOpen(null)} />
      <Help
        capture={capture}
        now={now}
        links={links}
        opened={open === 'help'}
        onClose={() => setOpen(null)}
      />
    </section>
  )
}

function Clock() {
  const format = useFormat()
  const now = useServerNow(1000)
  return <time className={styles.clock}>{format.time(now)}</time>
}

function FullScreen() {
  const t = useTexts(texts)
  const { toggle, fullscreen } = useFullscreenDocument()
  if (!document.fullscreenEnabled) return null
  return (
    <ActionIcon
      className={styles.full ?? ''}
      aria-label={t(fullscreen ? 'leaveFull' : 'full')}
      size={48}
      onClick={() => void toggle()}
    >
      {fullscreen ? <IconMinimize size={26} aria-hidden /> : <IconMaximize size={26} aria-hidden />}
    </ActionIcon>
  )
}
