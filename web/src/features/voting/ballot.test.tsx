import { configure, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { setAccessToken } from '@/shared/api/access'
import { memoryOutbox } from '@/shared/outbox'
import { RoomClient } from '@/shared/room-client'
import { OVERLAY_ID } from '@/shared/room-slots'
import type { Command, Room } from '@/shared/room-types'
import { useSession } from '@/shared/session'
import { renderInApp } from '@/shared/test/render'
import { AT, CHAIR, MEETING, MEMBER, OTHER, poll, roomOf } from '@/shared/test/room'
import { RoomClientContext, useRoomView } from '@/shared/use-room'
import VotingPanel from './screen'

const me = {
  kind: 'person',
  id: MEMBER,
  name: 'Nguyễn Thị Hoa',
  position: '',
  office_roles: [],
  office_rights: [],
  organisation: { id: 'o', name: 'Tỉnh ủy', zone: 'Asia/Ho_Chi_Minh', locale: 'vi' },
  locale: 'vi',
}

function Panel() {
  const session = useSession()
  return session.status === 'signed-in' ? <WhenLoaded /> : null
}

function WhenLoaded() {
  const loaded = useRoomView(meeting_id, view => view.room !== null)
  return loaded ? <VotingPanel meetingId={meeting_id} /> : null
}

let sent: Command[]
/** Another for each test: clients outlive their panels by a moment. */
let meeting_id = ''
let answer: () => Promise<void>
let client: RoomClient

function show(room: Room): void {
  const timed = <T,>(value: T) => ({ value, asked_at_ms: 0, answered_at_ms: 0, server_at_ms: null })
  client = new RoomClient(meeting_id, MEMBER, {
    api: {
      room: async () => timed(room),
      journal: async (_, after) => timed({ after, upto: after, last: after, entries: [] }),
      turnout: async () => timed({ cast: 1, entitled: 3 }),
      send: async (_, command) => {
        sent.push(command)
        await answer()
        return timed({ seq: room.seq, at: '2026-03-12T07:05:22Z', id: null })
      },
    },
    outbox: memoryOutbox(),
    openFeed: ears => {
      queueMicrotask(ears.up)
      return {
        enter: async () => ({ ok: true, seq: room.seq }),
        leave: () => undefined,
        nudge: () => undefined,
        close: () => undefined,
      }
    },
    device: null,
  })
  renderInApp(
    <RoomClientContext value={() => client}>
      <Panel />
      <div id={OVERLAY_ID} />
    </RoomClientContext>,
  )
}

const open = (changeable: boolean): Room => {
  const rule = { ...poll('', '').rule, changeable }
  const entitled = [CHAIR, MEMBER, OTHER]
  return roomOf('member', {
    polls: [poll('p1', 'Thông qua Nghị quyết?', { state: 'open', opened_at: AT, entitled, rule })],
  })
}

beforeEach(() => {
  sent = []
  meeting_id = `${MEETING} ${crypto.randomUUID()}`
  answer = async () => undefined
  setAccessToken('token')
  vi.stubGlobal(
    'fetch',
    vi.fn(async () => Response.json(me)),
  )
})

afterEach(() => {
  client.stop()
  vi.unstubAllGlobals()
  setAccessToken(null)
})

// Finding by role is slow where many tests share two cores.
configure({ asyncUtilTimeout: 8_000 })

describe('the ballot', { timeout: 30_000 }, () => {
  it('casts with one tap, says when it is recorded, and lets the voter change', async () => {
    show(open(true))
    await userEvent.click(await screen.findByRole('button', { name: 'Tán thành' }))
    expect(await screen.findByText('Đã ghi nhận 14:05:22')).toBeInTheDocument()
    await userEvent.click(screen.getByRole('button', { name: 'Đổi ý' }))
    await userEvent.click(screen.getByRole('button', { name: 'Không biểu quyết' }))
    await waitFor(() =>
      expect(sent.map(one => one.kind === 'cast_ballot' && one.choice)).toEqual(['for', 'abstain']),
    )
  })

  it('asks once where a ballot is final', async () => {
    show(open(false))
    await userEvent.click(await screen.findByRole('button', { name: 'Không tán thành' }))
    expect(sent).toEqual([])
    await userEvent.click(await screen.findByRole('button', { name: 'Gửi phiếu' }))
    expect(await screen.findByText('Đã ghi nhận 14:05:22')).toBeInTheDocument()
    expect(screen.queryByRole('button', { name: 'Đổi ý' })).toBeNull()
    expect(sent).toHaveLength(1)
  })

  it('says that the ballot is kept while the line is gone', async () => {
    answer = () => Promise.reject(new TypeError('Failed to fetch'))
    show(open(true))
    await userEvent.click(await screen.findByRole('button', { name: 'Tán thành' }))
    expect(await screen.findByText('Đã giữ trên máy, sẽ gửi khi có mạng')).toBeInTheDocument()
  })

  it('does not rise for who may not vote', async () => {
    const room = open(true)
    room.polls = room.polls.map(one => ({ ...one, entitled: [CHAIR] }))
    show(room)
    expect(await screen.findByText('Thông qua Nghị quyết?')).toBeInTheDocument()
    expect(screen.queryByTestId('ballot')).toBeNull()
  })
})
