import { describe, expect, it } from 'vitest'
import { delay_min, duePoll, needed, nextItem, numbered, quorum } from './room-views'
import { AT, item, poll, roomOf } from './test/room'

const HALF = { numerator: 1, denominator: 2, strict: true }
const TWO_THIRDS = { numerator: 2, denominator: 3, strict: false }

describe('thresholds', () => {
  it.each([
    [HALF, 31, 16],
    [HALF, 30, 16],
    [TWO_THIRDS, 31, 21],
    [TWO_THIRDS, 30, 20],
    [{ numerator: 1, denominator: 1, strict: false }, 7, 7],
  ])('%o of %i needs %i', (threshold, base, least) => {
    expect(needed(threshold, base)).toBe(least)
  })

  it('counts the quorum over members in office', () => {
    expect(quorum(roomOf('chair'))).toEqual({ present: 2, members: 3, needed: 2, reached: true })
    const details = { ...roomOf('chair').meeting.details, members_in_office: 31 }
    expect(quorum(roomOf('chair', {}, { details }))).toEqual({
      present: 2,
      members: 31,
      needed: 21,
      reached: false,
    })
  })
})

describe('the agenda', () => {
  const agenda = [
    item('b', 1, 'B'),
    item('a', 0, 'A', { state: 'done' }),
    item('b2', 1, 'B hai', { parent_id: 'b' }),
    item('b1', 0, 'B một', { parent_id: 'b' }),
  ]

  it('numbers items as they are read', () => {
    expect(numbered(agenda).map(one => `${one.number} ${one.item.id} ${one.depth}`)).toEqual([
      '1 a 1',
      '2 b 1',
      '2.1 b1 2',
      '2.2 b2 2',
    ])
  })

  it('goes on where it stands', () => {
    expect(nextItem(roomOf('chair', { agenda }))?.number).toBe('2')
    expect(nextItem(roomOf('chair', { agenda }, { current_item_id: 'b1' }))?.number).toBe('2.2')
  })

  it('offers the prepared poll of the current item only', () => {
    const polls = [poll('p1', '?', { item_id: 'a' }), poll('p2', '?', { item_id: 'b' })]
    expect(duePoll(roomOf('chair', { agenda, polls }))).toBeNull()
    expect(duePoll(roomOf('chair', { agenda, polls }, { current_item_id: 'b' }))?.id).toBe('p2')
  })

  it('tells how far behind its programme the meeting is', () => {
    const minutes = (n: number): number => Date.parse(AT) + n * 60_000
    const at = (n: number): string => new Date(minutes(n)).toISOString()
    const items = [
      item('a', 0, 'A', { state: 'done', planned_min: 10, started_at: at(5), ended_at: at(22) }),
      item('b', 1, 'B', { state: 'current', planned_min: 30, started_at: at(22) }),
    ]
    const room = roomOf('chair', { agenda: items }, { current_item_id: 'b' })
    expect(delay_min(room, minutes(30))).toBe(12)
    expect(delay_min(room, minutes(60))).toBe(20)
    expect(delay_min(roomOf('chair'), minutes(1))).toBeNull()
  })
})
