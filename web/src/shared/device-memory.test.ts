import { beforeEach, expect, it } from 'vitest'
import { forgetAll, lastRoom, recall, remember } from './device-memory'
import { MEETING, MEMBER, OTHER, poll, roomOf, turn } from './test/room'
import { PROFILE } from './test/serve'

beforeEach(forgetAll)

it('remembers who was signed in until it is told to forget', async () => {
  expect(await recall('me')).toBeNull()
  await remember('me', PROFILE)
  expect(await recall('me')).toEqual(PROFILE)
  await forgetAll()
  expect(await recall('me')).toBeNull()
})

it('gives a room to the person who saw it, and only to that person', async () => {
  await remember('room', { actor_id: MEMBER, room: roomOf('member') })
  expect((await lastRoom(MEMBER, MEETING))?.meeting.details.title).toBe('Hội nghị Ban Thường vụ')
  expect(await lastRoom(OTHER, MEETING)).toBeNull()
  expect(await lastRoom(MEMBER, 'another')).toBeNull()
})

it('keeps nothing of the moment, and no lever, in a room to read', async () => {
  const room = roomOf(
    'member',
    {
      turns: [
        turn('t1', MEMBER, 'Hoa', { state: 'speaking' }),
        turn('t2', OTHER, 'Minh', { state: 'done' }),
        turn('t3', OTHER, 'Minh'),
      ],
      polls: [poll('p1', 'Cũ', { state: 'closed' }), poll('p2', 'Đang mở', { state: 'open' })],
    },
    { lead: { paper_id: 'p', page: 7, by: MEMBER, at: '2026-03-12T07:00:00Z' } as never },
  )
  await remember('room', { actor_id: MEMBER, room })
  const read = await lastRoom(MEMBER, MEETING)
  expect(read?.me.rights).toEqual([])
  expect(read?.turns.map(one => one.id)).toEqual(['t2'])
  expect(read?.polls.map(one => one.id)).toEqual(['p1'])
  expect(read?.meeting.lead).toBeNull()
})
