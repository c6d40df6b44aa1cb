import { describe, expect, it } from 'vitest'
import { roomOf, turn } from '@/shared/test/room'
import { CENTRE, link, province, seat } from './bridges.fixture'
import { countsOf, filtered, shownOf, tilesOf } from './wall-model'

const here = { checked_in_at: '2026-03-12T00:40:00Z' }

describe('tilesOf', () => {
  it('says each bridge’s health in one word', () => {
    const bridges = [seat(1, here), seat(2, here), seat(3), seat(4, here), seat(5, here), seat(6, here)]
    const links = {
      'bridge-1': link(1),
      'bridge-2': link(2, { online: false }),
      'bridge-4': link(4, { quality: 'unknown' }),
      'bridge-5': link(5, { quality: 'bad' }),
      'bridge-6': link(6, { quality: 'weak' }),
    }
    const room = roomOf(
      'chair',
      { bridges },
      { on_air_bridge_id: 'bridge-1', stand_by_bridge_id: 'bridge-6' },
    )
    expect(tilesOf(room, links).map(tile => [tile.health, tile.line])).toEqual([
      ['on-air', 'good'],
      ['lost', 'lost'],
      ['absent', 'absent'],
      ['joined', 'joined'],
      ['bad', 'bad'],
      ['stand-by', 'weak'],
    ])
  })

  it('keeps every bridge in its place: the centre, then by code', () => {
    const { bridges, links } = province(30)
    const before = tilesOf(roomOf('chair', { bridges: bridges.toReversed() }), links).map(tile => tile.id)
    const after = tilesOf(roomOf('chair', { bridges }), {}).map(tile => tile.id)
    expect(before).toEqual(after)
    expect(before.slice(0, 3)).toEqual([CENTRE, 'bridge-1', 'bridge-2'])
  })

  it('shows a raised hand only while it waits', () => {
    const hand = (state: 'waiting' | 'done') => [
      turn('t', 'bridge-1', 'Xã', { speaker_kind: 'bridge', state }),
    ]
    const of = (state: 'waiting' | 'done') =>
      tilesOf(roomOf('chair', { bridges: [seat(1)], turns: hand(state) }), {})[0]?.hand
    expect([of('waiting'), of('done')]).toEqual([true, false])
  })
})

describe('the counts and the filters', () => {
  const { bridges, links } = province(1058)
  const tiles = tilesOf(roomOf('chair', { bridges }), links)

  it('adds up', () => {
    const counts = countsOf(tiles)
    expect(counts.all).toBe(1058)
    expect(Object.values(counts.by).reduce((a, b) => a + b)).toBe(1058)
    expect(counts.online).toBe(1058 - counts.by.lost - counts.by.absent)
    expect(counts.heads).toBe(bridges.reduce((sum, one) => sum + (one.heads ?? 0), 0))
  })

  it('finds without accents, by name and by code, in any order', () => {
    const found = filtered(tiles, 'hoa hoang', false, true)
    expect(found.length).toBeGreaterThan(100)
    expect(found.every(tile => tile.name.includes('Hoằng Hóa'))).toBe(true)
    expect(filtered(tiles, 'dong son 3', false, true).some(tile => tile.name === 'Xã Đông Sơn 3')).toBe(true)
    expect(filtered(tiles, 'th-0042', false, true).map(tile => tile.code)).toEqual(['TH-0042'])
  })

  it('shows trouble alone; before the opening nobody is late', () => {
    const { by } = countsOf(tiles)
    const trouble = by.weak + by.bad + by.lost
    expect(filtered(tiles, '', true, false)).toHaveLength(trouble)
    expect(filtered(tiles, '', true, true)).toHaveLength(trouble + by.absent)
  })
})

describe('shownOf', () => {
  const sheet = { count: 1200, columns: 10, row_px: 56, height_px: 400 }

  it('renders what is in sight and a little more', () => {
    expect(shownOf({ ...sheet, scroll_px: 0 })).toEqual({ from: 0, to: 100, top_px: 0, whole_px: 6720 })
    const deep = shownOf({ ...sheet, scroll_px: 3000 })
    expect(deep.from).toBe(510)
    expect(deep.to - deep.from).toBeLessThan(150)
    expect(deep.top_px).toBe(51 * 56)
  })

  it('never asks beyond the end, also after the list has become short', () => {
    expect(shownOf({ ...sheet, scroll_px: 99_999 }).to).toBe(1200)
    const short = shownOf({ ...sheet, count: 3, scroll_px: 5000 })
    expect(short).toMatchObject({ from: 0, to: 3, whole_px: 56 })
    expect(shownOf({ ...sheet, count: 0, scroll_px: 0 })).toMatchObject({ from: 0, to: 0, whole_px: 0 })
  })
})
