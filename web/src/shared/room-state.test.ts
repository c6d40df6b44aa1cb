import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { apply, applyAll } from './room-state'
import type { Entry, Room } from './room-types'
import { AT, entry, item, MEMBER, OTHER, poll, roomOf, turn } from './test/room'

const LATER = '2026-03-12T07:30:00.000000Z'

describe('apply', () => {
  it('ignores what it has seen', () => {
    const room = roomOf('chair')
    expect(apply(room, entry(10, { kind: 'meeting.closed' }))).toBe(room)
  })

  it('moves the sequence and hash with every entry', () => {
    const next = apply(roomOf('chair'), entry(11, { kind: 'lead.ended' }))
    expect([next.seq, next.meeting.last_seq, next.meeting.last_hash]).toEqual([
      11,
      11,
      '11'.padStart(64, '0'),
    ])
  })

  it('walks the agenda', () => {
    const started = apply(roomOf('chair'), entry(11, { kind: 'item.started', item_id: 'i2' }, LATER))
    expect(started.meeting.current_item_id).toBe('i2')
    expect(started.agenda[1]).toMatchObject({ state: 'current', started_at: LATER })
    const done = apply(started, entry(12, { kind: 'item.finished', item_id: 'i2' }, LATER))
    expect(done.meeting.current_item_id).toBeNull()
    expect(done.agenda[1]).toMatchObject({ state: 'done', ended_at: LATER })
  })

  it('takes the floor from asking to the end', () => {
    let room = apply(roomOf('chair'), entry(11, { kind: 'floor.asked', turn: turn('t1', MEMBER, 'Hoa') }))
    room = apply(room, entry(12, { kind: 'floor.given', turn_id: 't1', limit_s: 180 }, LATER))
    expect(room.turns[0]).toMatchObject({ state: 'speaking', started_at: LATER, limit_s: 180 })
    room = apply(room, entry(13, { kind: 'floor.extended', turn_id: 't1', limit_s: 240 }))
    expect(room.turns[0]?.limit_s).toBe(240)
    room = apply(room, entry(14, { kind: 'floor.ended', turn_id: 't1', spoke_s: 200 }, LATER))
    expect(room.turns[0]).toMatchObject({ state: 'done', ended_at: LATER })
  })

  it('forgets a withdrawn turn and a cancelled poll', () => {
    const before = roomOf('chair', { turns: [turn('t1', MEMBER, 'Hoa')], polls: [poll('p1', 'Thông qua?')] })
    const room = applyAll(
      before,
      [
        entry(11, { kind: 'floor.withdrawn', turn_id: 't1' }),
        entry(12, { kind: 'poll.cancelled', poll_id: 'p1' }),
      ],
      12,
    )
    expect([room.turns, room.polls]).toEqual([[], []])
  })

  it('keeps attendance when a role changes and adds who is new', () => {
    const invited = { kind: 'person.invited', name: 'Hoa', position: 'Phó', role: 'guest' } as const
    const room = apply(roomOf('chair'), entry(11, { ...invited, person_id: MEMBER }))
    expect(room.attendants.find(one => one.person_id === MEMBER)).toMatchObject({
      role: 'guest',
      state: 'present',
    })
    const more = apply(room, entry(12, { ...invited, person_id: 'new' }))
    expect(more.attendants.at(-1)).toMatchObject({ person_id: 'new', state: 'expected' })
  })

  it('checks people in and out', () => {
    const room = apply(roomOf('chair'), entry(11, { kind: 'person.checked_in', person_id: OTHER }, LATER))
    expect(room.attendants[3]).toMatchObject({ state: 'present', checked_in_at: LATER })
    const gone = apply(room, entry(12, { kind: 'person.checked_out', person_id: OTHER }, LATER))
    expect(gone.attendants[3]).toMatchObject({ state: 'left', left_at: LATER })
  })

  it('moves items and loosens what hung on a removed one', () => {
    const before = roomOf('chair', {
      agenda: [item('a', 0, 'A'), item('b', 1, 'B')],
      polls: [poll('p', '?', { item_id: 'a' })],
    })
    const room = applyAll(
      before,
      [
        entry(11, { kind: 'items.removed', item_ids: ['a'] }),
        entry(12, { kind: 'items.moved', places: [{ item_id: 'b', parent_id: null, position: 0 }] }),
      ],
      12,
    )
    expect(room.agenda).toEqual([item('b', 0, 'B')])
    expect(room.polls[0]?.item_id).toBeNull()
  })

  it('counts entries it is not told of', () => {
    expect(applyAll(roomOf('member'), [], 15).seq).toBe(15)
  })

  it('signs the minutes: secretary, then chair', () => {
    const sha256 = 'b'.repeat(64)
    const room = applyAll(
      roomOf('chair'),
      [
        entry(11, { kind: 'minutes.compiled', version: 1 }),
        entry(12, { kind: 'minutes.locked', version: 1, sha256 }),
        entry(13, { kind: 'minutes.signed', role: 'secretary', name: 'Lê Thu', sha256 }, AT),
      ],
      13,
    )
    expect(room.minutes).toMatchObject({ state: 'locked', version: 1, sha256 })
    const signed = apply(room, entry(14, { kind: 'minutes.signed', role: 'chair', name: 'Minh', sha256 }))
    expect(signed.minutes.state).toBe('signed')
    expect(signed.minutes.signatures.map(one => one.role)).toEqual(['secretary', 'chair'])
  })
})

/** A whole meeting on the server's rows, as one reader sees it: what each batch of entries turns the room into. */
interface Golden {
  readonly audience: string
  readonly steps: readonly { readonly before: Room; readonly entries: Entry[]; readonly after: Room }[]
}

const GOLDEN = resolve(import.meta.dirname, '../../../tests/golden/room.json')
const goldens = JSON.parse(readFileSync(GOLDEN, 'utf8')) as Golden[]

describe('the golden meeting', () => {
  it.each(goldens)('as the $audience sees it', ({ steps }) => {
    expect(steps.length).toBeGreaterThan(5)
    for (const { before, entries, after } of steps) {
      const room = applyAll(before, entries, after.seq)
      // In no entry this reader is told of: own ballots (kept from the command), the hash of an unseen last entry.
      const { last_hash } = after.meeting
      expect({
        ...room,
        me: { ...room.me, ballots: after.me.ballots },
        meeting: { ...room.meeting, last_hash },
      }).toEqual(after)
    }
  })
})
