import { describe, expect, it } from 'vitest'
import type { Item } from './api'
import { height, moves, rows } from './tree'

const item = (id: string, parent_id: string | null, position: number): Item => ({
  id,
  parent_id,
  position,
  title: id,
  presenter: '',
  planned_min: null,
  state: 'pending',
  started_at: null,
  ended_at: null,
})

const agenda = [
  item('b', null, 1),
  item('a', null, 0),
  item('b1', 'b', 0),
  item('b2', 'b', 1),
  item('c', null, 2),
]

const row = (id: string) => {
  const found = rows(agenda).find(r => r.item.id === id)
  if (!found) throw new Error(id)
  return found
}

describe('agenda tree', () => {
  it('prints items in order with their numbers', () => {
    expect(rows(agenda).map(r => [r.number, r.item.id, r.level])).toEqual([
      ['1', 'a', 1],
      ['2', 'b', 1],
      ['2.1', 'b1', 2],
      ['2.2', 'b2', 2],
      ['3', 'c', 1],
    ])
  })

  it('moves among siblings, not beyond the ends', () => {
    expect(moves(agenda, row('a')).up).toBeNull()
    expect(moves(agenda, row('a')).down).toEqual({ parent_id: null, position: 1 })
    expect(moves(agenda, row('c')).down).toBeNull()
  })

  it('goes below the item above, after what stands there', () => {
    expect(moves(agenda, row('c')).deeper).toEqual({ parent_id: 'b', position: 2 })
    expect(moves(agenda, row('b1')).deeper).toBeNull()
  })

  it('comes out behind its parent', () => {
    expect(moves(agenda, row('b2')).outer).toEqual({ parent_id: null, position: 2 })
    expect(moves(agenda, row('a')).outer).toBeNull()
  })

  it('never goes below three levels', () => {
    const deep = [
      ...agenda,
      item('b1x', 'b1', 0),
      item('d', null, 3),
      item('d1', 'd', 0),
      item('d1x', 'd1', 0),
    ]
    expect(height(deep, 'd')).toBe(3)
    const d = rows(deep).find(r => r.item.id === 'd')
    expect(d && moves(deep, d).deeper).toBeNull()
  })
})
