import { ActionIcon, Menu } from '@mantine/core'
import {
  IconArrowLeft,
  IconBroadcast,
  IconClipboardText,
  IconDoorExit,
  IconDots,
  IconFileText,
  IconFlag,
  IconUsers,
} from '@tabler/icons-react'
import { useState } from 'react'
import { Link } from 'react-router'
import { useTexts } from '@/shared/i18n/texts'
import type { Room } from '@/shared/room-types'
import { attendantOf, may } from '@/shared/room-views'
import { useMe } from '@/shared/session'
import { useAct } from '@/shared/use-room'
import { texts } from '../i18n'
import { CloseMeeting } from './confirmations'

interface RoomMenuProps {
  room: Room
  onPeople: () => void
}

/** Everything else, one tap away. */
export function RoomMenu({ room, onPeople }: RoomMenuProps) {
  const t = useTexts(texts)
  const me = useMe().id
  const act = useAct(room.meeting.id)
  const [closing, setClosing] = useState(false)
  const { id, state, details } = room.meeting
  const live = state === 'convened' || state === 'open'
  const here = attendantOf(room, me)?.state === 'present'
  const to = (page: string): string => `/meetings/${id}/${page}`
  return (
    <>
      <Menu position="bottom-end" width={320} withinPortal>
        <Menu.Target>
          <ActionIcon aria-label={t('menu.title')}>
            <IconDots size={28} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconUsers size={22} aria-hidden />} onClick={onPeople}>
            {t('menu.people')}
          </Menu.Item>
          {details.kind === 'conference' && may(room, 'direct') && (
            <Menu.Item component={Link} to={to('desk')} leftSection={<IconBroadcast size={22} aria-hidden />}>
              {t('menu.desk')}
            </Menu.Item>
          )}
          {may(room, 'prepare') && state !== 'closed' && (
            <Menu.Item
              component={Link}
              to={to('prepare')}
              leftSection={<IconClipboardText size={22} aria-hidden />}
            >
              {t('menu.prepare')}
            </Menu.Item>
          )}
          {state === 'closed' && may(room, 'read_minutes') && (
            <Menu.Item
              component={Link}
              to={to('minutes')}
              leftSection={<IconFileText size={22} aria-hidden />}
            >
              {t('menu.minutes')}
            </Menu.Item>
          )}
          <Menu.Item component={Link} to="/" leftSection={<IconArrowLeft size={22} aria-hidden />}>
            {t('home')}
          </Menu.Item>
          {live && here && !may(room, 'preside') && (
            <Menu.Item
              leftSection={<IconDoorExit size={22} aria-hidden />}
              onClick={() => void act.run({ kind: 'check_out', person_id: null })}
            >
              {t('menu.leave')}
            </Menu.Item>
          )}
          {state === 'open' && may(room, 'preside') && (
            <>
              <Menu.Divider />
              <Menu.Item
                color="accent"
                leftSection={<IconFlag size={22} aria-hidden />}
                onClick={() => setClosing(true)}
              >
                {t('menu.close')}
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <CloseMeeting room={room} opened={closing} onDone={() => setClosing(false)} />
    </>
  )
}
