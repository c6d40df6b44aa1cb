// Commands that the server has not answered yet, kept on this device so that a lost line or a reload loses none.
// Each has the key under which the server does it once, however often it is sent. It sends nothing itself.
import { type DBSchema, openDB } from 'idb'
import type { Command } from './room-types'

export interface KeptCommand {
  /** The Idempotency-Key: one for all tries of one act. */
  readonly key: string
  readonly actor_id: string
  readonly meeting_id: string
  readonly command: Command
  readonly made_at_ms: number
}

export interface Outbox {
  /** What this actor has waiting for this meeting, oldest first. */
  waiting(actor_id: string, meeting_id: string): Promise<KeptCommand[]>
  keep(kept: KeptCommand): Promise<void>
  drop(key: string): Promise<void>
}

interface Shape extends DBSchema {
  commands: { key: string; value: KeptCommand }
}

export function memoryOutbox(): Outbox {
  const all = new Map<string, KeptCommand>()
  return {
    waiting: async (actor_id, meeting_id) => inOrder([...all.values()], actor_id, meeting_id),
    keep: async kept => void all.set(kept.key, kept),
    drop: async key => void all.delete(key),
  }
}

/** In IndexedDB; in memory where the browser forbids it (then only a reload loses what waits). */
export function deviceOutbox(): Outbox {
  const spare = memoryOutbox()
  const open = async () =>
    openDB<Shape>('dienhong-outbox', 1, {
      upgrade: db => void db.createObjectStore('commands', { keyPath: 'key' }),
    })
  const opened = open()
  opened.catch(() => undefined)
  const orSpare = async <T>(work: () => Promise<T>, otherwise: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch {
      return otherwise()
    }
  }
  return {
    waiting: (actor_id, meeting_id) =>
      orSpare(
        async () => inOrder(await (await opened).getAll('commands'), actor_id, meeting_id),
        () => spare.waiting(actor_id, meeting_id),
      ),
    keep: kept =>
      orSpare(
        async () => void (await (await opened).put('commands', kept)),
        () => spare.keep(kept),
      ),
    drop: key =>
      orSpare(
        async () => void (await (await opened).delete('commands', key)),
        () => spare.drop(key),
      ),
  }
}

const inOrder = (all: KeptCommand[], actor_id: string, meeting_id: string): KeptCommand[] =>
  all
    .filter(one => one.actor_id === actor_id && one.meeting_id === meeting_id)
    .toSorted((a, b) => a.made_at_ms - b.made_at_ms)
