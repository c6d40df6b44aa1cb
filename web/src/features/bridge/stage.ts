// What a bridge's screen shows and sends, from the room alone. Pure.
import type { Room } from '@/shared/room-types'
import { turnOf, waitingTurns } from '@/shared/room-views'

/** Something may be on air before the opening: that is the rehearsal, and it is shown. */
export type Phase = 'holding' | 'programme' | 'ended'

export function phaseOf(room: Room): Phase {
  const { state, on_air_bridge_id, stand_by_bridge_id } = room.meeting
  if (state === 'closed') return 'ended'
  if (state === 'open' || on_air_bridge_id !== null) return 'programme'
  return stand_by_bridge_id === room.bridges.at(0)?.bridge_id && stand_by_bridge_id ? 'programme' : 'holding'
}

export type Air = 'off' | 'stand-by' | 'on-air'

export function airOf(room: Room, bridge_id: string): Air {
  if (room.meeting.on_air_bridge_id === bridge_id) return 'on-air'
  return room.meeting.stand_by_bridge_id === bridge_id ? 'stand-by' : 'off'
}

export type Hand =
  | { readonly state: 'down'; readonly allowed: boolean }
  | { readonly state: 'waiting'; readonly turn_id: string; readonly place: number }
  | { readonly state: 'speaking'; readonly turn_id: string }

export function handOf(room: Room, bridge_id: string): Hand {
  const turn = turnOf(room, bridge_id)
  if (turn === null) return { state: 'down', allowed: room.meeting.state === 'open' }
  if (turn.state === 'speaking') return { state: 'speaking', turn_id: turn.id }
  const place = waitingTurns(room).findIndex(one => one.id === turn.id) + 1
  return { state: 'waiting', turn_id: turn.id, place }
}

export interface Until {
  readonly days: number
  /** Within the day. */
  readonly seconds: number
}

/** Null once the time has come. */
export function untilStart(starts_at: string, now_ms: number): Until | null {
  const seconds = Math.floor((Date.parse(starts_at) - now_ms) / 1000)
  return seconds <= 0 ? null : { days: Math.floor(seconds / 86_400), seconds: seconds % 86_400 }
}
