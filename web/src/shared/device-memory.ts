// What a signed-in device remembers so that it can start without a line: who is signed in, the meetings, and the last
// meeting's room. It is gone with the sign-out, papers included: a shared tablet must not tell of the one before.
import { type DBSchema, openDB } from 'idb'
import type { Schema } from './api/client'
import { forgetOthers } from './pdf/paper-cache'
import type { Room } from './room-types'

interface Remembered {
  me: Schema<'Profile'>
  meetings: readonly Schema<'MeetingCard'>[]
  /** Of the last meeting only. */
  room: { readonly actor_id: string; readonly room: Room }
}
type Name = keyof Remembered

interface Shape extends DBSchema {
  remembered: { key: Name; value: Remembered[Name] }
}

/** Where the browser keeps nothing (private windows), as long as the page lives. */
const spare = new Map<Name, Remembered[Name]>()

const open = async () =>
  openDB<Shape>('dienhong-device', 1, { upgrade: db => void db.createObjectStore('remembered') })
const opened = open().catch(() => null)

export async function remember<N extends Name>(name: N, value: Remembered[N]): Promise<void> {
  try {
    const db = await opened
    if (db === null) spare.set(name, value)
    else await db.put('remembered', value, name)
  } catch {
    // No room left: the device starts with a line only.
  }
}

export async function recall<N extends Name>(name: N): Promise<Remembered[N] | null> {
  try {
    const db = await opened
    const value = db === null ? spare.get(name) : await db.get('remembered', name)
    return (value as Remembered[N] | undefined) ?? null // each name was put with its own type
  } catch {
    return null
  }
}

/** Nothing of anybody stays on this device. */
export async function forgetAll(): Promise<void> {
  spare.clear()
  await forgetOthers(null)
  try {
    await (await opened)?.clear('remembered')
  } catch {
    // Nothing was kept where nothing may be kept.
  }
}

/** The last room of that meeting, as this person saw it. */
export async function lastRoom(actor_id: string, meeting_id: string): Promise<Room | null> {
  const kept = await recall('room')
  return kept?.actor_id === actor_id && kept.room.meeting.id === meeting_id ? toRead(kept.room) : null
}

/** A room of some time ago: its papers, people and results hold; nothing of the moment does, and no lever. */
const toRead = (room: Room): Room => ({
  ...room,
  meeting: { ...room.meeting, lead: null },
  turns: room.turns.filter(turn => turn.state !== 'waiting' && turn.state !== 'speaking'),
  polls: room.polls.filter(poll => poll.state === 'closed'),
  me: { ...room.me, rights: [] },
})
