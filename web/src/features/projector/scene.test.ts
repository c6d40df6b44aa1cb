import { describe, expect, it } from 'vitest'
import { AT, item, MEMBER, poll, roomOf, turn } from '@/shared/test/room'
import { sceneOf } from './scene'

const NOW = Date.parse(AT)
const at = (minutes: number): string => new Date(NOW + minutes * 60_000).toISOString()
const agenda = [item('i1', 0, 'Một', { state: 'current', started_at: at(0) })]
const on = { current_item_id: 'i1' }

describe('the wall', () => {
  it('shows the item, the speaker over it, the led page over that, the vote over all', () => {
    const speaking = turn('t', MEMBER, 'Hoa', { state: 'speaking', started_at: at(1), limit_s: 180 })
    const paper = {
      id: 'p1',
      item_id: null,
      title: 'Báo cáo',
      filename: 'a.pdf',
      media_type: 'application/pdf',
      size_bytes: 1,
      sha256: '',
      pages: 30,
      state: 'ready' as const,
      added_at: AT,
    }
    const kinds = [
      roomOf('chair', {}, { state: 'convened' }),
      roomOf('chair', { agenda }, on),
      roomOf('chair', { agenda, turns: [speaking] }, on),
      roomOf(
        'chair',
        { agenda, turns: [speaking], papers: [paper] },
        { ...on, lead: { paper_id: 'p1', page: 7 } },
      ),
      roomOf('chair', { agenda, turns: [speaking], polls: [poll('v', '?', { state: 'open' })] }, on),
      roomOf('chair', {}, { state: 'closed' }),
    ].map(room => sceneOf(room, NOW + 120_000).kind)
    expect(kinds).toEqual(['waiting', 'item', 'speaker', 'page', 'poll', 'closed'])
  })

  it('keeps a result until something newer begins, and not for ever', () => {
    const polls = [poll('v', '?', { state: 'closed', closed_at: at(5) })]
    const room = roomOf('chair', { agenda, polls }, on)
    expect(sceneOf(room, NOW + 6 * 60_000).kind).toBe('result')
    expect(sceneOf(room, NOW + 8 * 60_000).kind).toBe('item')
    const newer = [item('i1', 0, 'Một', { state: 'current', started_at: at(5.5) })]
    expect(sceneOf({ ...room, agenda: newer }, NOW + 6 * 60_000).kind).toBe('item')
  })
})
