// The keys 1 to 9: which bridge each holds. A key keeps its bridge: nothing moves under a finger. Pure.

/** Key 1 is the centre's for good; these are 2 to 9. */
export const KEPT_KEYS = 8

export interface Key {
  readonly id: string
  /** Raised by each use; the least used gives way when all keys are taken. */
  readonly used: number
}

export type Keys = readonly (Key | null)[]

export const noKeys: Keys = Array.from({ length: KEPT_KEYS }, () => null)

/** Gives `id` a key, or renews it. `busy`: bridges whose key must not be taken (on air, standing by). */
export function kept(keys: Keys, id: string, busy: ReadonlySet<string>): Keys {
  const next = 1 + Math.max(0, ...keys.map(key => key?.used ?? 0))
  const has = keys.findIndex(key => key?.id === id)
  if (has >= 0) return keys.with(has, { id, used: next })
  const free = keys.indexOf(null)
  if (free >= 0) return keys.with(free, { id, used: next })
  let oldest = -1
  keys.forEach((key, at) => {
    if (key === null || busy.has(key.id)) return
    if (oldest < 0 || key.used < (keys[oldest]?.used ?? 0)) oldest = at
  })
  return oldest < 0 ? keys : keys.with(oldest, { id, used: next })
}

export const dropped = (keys: Keys, id: string): Keys => keys.map(key => (key?.id === id ? null : key))

/** As read back from the device; anything odd is no keys. */
export function keysFrom(text: string | null): Keys {
  if (text === null) return noKeys
  try {
    const read: unknown = JSON.parse(text)
    if (!Array.isArray(read)) return noKeys
    const isKey = (one: unknown): one is Key =>
      typeof one === 'object' && one !== null && 'id' in one && typeof one.id === 'string' && 'used' in one
    return noKeys.map((_, at) =>
      isKey(read[at]) ? { id: read[at].id, used: Number(read[at].used) || 0 } : null,
    )
  } catch {
    return noKeys
  }
}
