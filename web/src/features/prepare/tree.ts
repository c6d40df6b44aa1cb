// The agenda as it is printed: in order, with numbers, and where an item may go from where it is.
import type { Item } from './api'

export interface Row {
  readonly item: Item
  /** "2.1" */
  readonly number: string
  /** 1 for the top level. */
  readonly level: number
  readonly siblings: readonly Item[]
}

export const LEVELS = 3

export function rows(items: readonly Item[]): Row[] {
  const below = new Map<string | null, Item[]>()
  for (const item of items) below.set(item.parent_id, [...(below.get(item.parent_id) ?? []), item])
  for (const siblings of below.values()) siblings.sort((a, b) => a.position - b.position)
  const walk = (parent: string | null, prefix: string, level: number): Row[] => {
    const siblings = below.get(parent) ?? []
    return siblings.flatMap((item, n) => {
      const number = `${prefix}${n + 1}`
      return [{ item, number, level, siblings }, ...walk(item.id, `${number}.`, level + 1)]
    })
  }
  return walk(null, '', 1)
}

/** How many levels stand below an item, itself included. */
export function height(items: readonly Item[], id: string): number {
  const children = items.filter(item => item.parent_id === id)
  return 1 + Math.max(0, ...children.map(child => height(items, child.id)))
}

export interface Place {
  readonly parent_id: string | null
  readonly position: number
}

/** The places an item can move to by one press; null where it cannot go. */
export function moves(
  items: readonly Item[],
  row: Row,
): Record<'up' | 'down' | 'deeper' | 'outer', Place | null> {
  const { item, siblings, level } = row
  const index = siblings.findIndex(sibling => sibling.id === item.id)
  const above = siblings[index - 1]
  const parent = items.find(other => other.id === item.parent_id)
  return {
    up: above ? { parent_id: item.parent_id, position: index - 1 } : null,
    down: index < siblings.length - 1 ? { parent_id: item.parent_id, position: index + 1 } : null,
    deeper:
      above && level + height(items, item.id) <= LEVELS
        ? { parent_id: above.id, position: items.filter(other => other.parent_id === above.id).length }
        : null,
    outer: parent ? { parent_id: parent.parent_id, position: parent.position + 1 } : null,
  }
}
