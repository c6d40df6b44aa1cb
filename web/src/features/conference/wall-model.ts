// The wall as plain values: one tile for each invited bridge, its health in one word, and the counts above. Pure.
import { folded } from '@/shared/fold'
import type { BridgePresence, BridgeSeat, Room } from '@/shared/room-types'

/** `lost`: was here and is gone. `absent`: has not come yet. `joined`: here, its line not measured yet. */
export type TileHealth = 'on-air' | 'stand-by' | 'good' | 'joined' | 'weak' | 'bad' | 'lost' | 'absent'

export interface Tile {
  readonly id: string
  readonly name: string
  readonly code: string
  readonly centre: boolean
  readonly health: TileHealth
  /** The line's own health, also while on air. */
  readonly line: Exclude<TileHealth, 'on-air' | 'stand-by'>
  readonly online: boolean
  readonly publishing: boolean
  readonly hand: boolean
  readonly heads: number | null
  readonly loss: number | null
  readonly jitter_ms: number | null
  readonly rtt_ms: number | null
  /** How much of the picture its line bears; null while it does not watch. */
  readonly rendition: NonNullable<BridgePresence['rendition']> | null
  /** Folded name and code, for the search. */
  readonly found: string
}

export type Links = Readonly<Record<string, BridgePresence>>

function lineOf(seat: BridgeSeat, link: BridgePresence | undefined): Tile['line'] {
  if (!link?.online) return (seat.checked_in_at ?? null) === null ? 'absent' : 'lost'
  return link.quality === 'unknown' ? 'joined' : link.quality
}

/** Every invited bridge in a place that does not change while they come and go: the centre, then by code. */
export function tilesOf(room: Pick<Room, 'bridges' | 'turns' | 'meeting'>, links: Links): Tile[] {
  const { on_air_bridge_id, stand_by_bridge_id } = room.meeting
  const hands = new Set(room.turns.filter(turn => turn.state === 'waiting').map(turn => turn.speaker_id))
  const seats = placed(room.bridges)
  return seats.map(seat => {
    const link = links[seat.bridge_id]
    const line = lineOf(seat, link)
    const own =
      seat.bridge_id === on_air_bridge_id
        ? 'on-air'
        : seat.bridge_id === stand_by_bridge_id
          ? 'stand-by'
          : null
    return {
      id: seat.bridge_id,
      name: seat.name,
      code: seat.code,
      centre: seat.role === 'central_bridge',
      health: own ?? line,
      line,
      online: link?.online ?? false,
      publishing: link?.publishing ?? false,
      hand: hands.has(seat.bridge_id),
      heads: seat.heads ?? null,
      loss: link?.loss ?? null,
      jitter_ms: link?.jitter_ms ?? null,
      rtt_ms: link?.rtt_ms ?? null,
      rendition: link?.rendition ?? null,
      found: foundBy(seat),
    }
  })
}

// Sorting and folding a thousand names once a second would be the wall's whole cost: seats keep their identity
// from event to event, so what was worked out for one is kept with it.
const foldedSeats = new WeakMap<BridgeSeat, string>()
function foundBy(seat: BridgeSeat): string {
  const known = foldedSeats.get(seat)
  if (known !== undefined) return known
  const made = folded(`${seat.name} ${seat.code}`)
  foldedSeats.set(seat, made)
  return made
}

const collator = new Intl.Collator('vi', { numeric: true })
let lastPlaced: { from: readonly BridgeSeat[]; seats: BridgeSeat[] } | null = null
function placed(bridges: readonly BridgeSeat[]): BridgeSeat[] {
  if (lastPlaced?.from === bridges) return lastPlaced.seats
  const seats = bridges.toSorted(
    (a, b) =>
      Number(b.role === 'central_bridge') - Number(a.role === 'central_bridge') ||
      collator.compare(a.code, b.code) ||
      collator.compare(a.name, b.name),
  )
  lastPlaced = { from: bridges, seats }
  return seats
}

export interface Counts {
  readonly all: number
  readonly online: number
  readonly heads: number
  readonly hands: number
  readonly by: Readonly<Record<Tile['line'], number>>
}

export function countsOf(tiles: readonly Tile[]): Counts {
  const by = { good: 0, joined: 0, weak: 0, bad: 0, lost: 0, absent: 0 }
  let online = 0
  let heads = 0
  let hands = 0
  for (const tile of tiles) {
    by[tile.line] += 1
    if (tile.online) online += 1
    if (tile.hand) hands += 1
    heads += tile.heads ?? 0
  }
  return { all: tiles.length, online, heads, hands, by }
}

/** Before the opening nobody is late; afterwards a bridge that has not come is trouble too. */
export const isTrouble = (tile: Tile, open: boolean): boolean =>
  tile.line === 'weak' || tile.line === 'bad' || tile.line === 'lost' || (open && tile.line === 'absent')

/** By name or code, without accents: "hoang hoa" finds Hoằng Hóa. */
export function filtered(
  tiles: readonly Tile[],
  search: string,
  troubleOnly: boolean,
  open: boolean,
): Tile[] {
  const words = folded(search).split(/\s+/).filter(Boolean)
  return tiles.filter(
    tile => (!troubleOnly || isTrouble(tile, open)) && words.every(word => tile.found.includes(word)),
  )
}

export interface Sheet {
  readonly count: number
  readonly columns: number
  readonly row_px: number
  readonly scroll_px: number
  readonly height_px: number
}

export interface Shown {
  /** Tiles [from, to) are rendered. */
  readonly from: number
  readonly to: number
  readonly top_px: number
  readonly whole_px: number
}

const OVERSCAN_ROWS = 2

/** Which part of a grid is in sight. */
export function shownOf({ count, columns, row_px, scroll_px, height_px }: Sheet): Shown {
  const rows = Math.ceil(count / columns)
  const first = Math.max(0, Math.min(rows - 1, Math.floor(scroll_px / row_px)) - OVERSCAN_ROWS)
  const last = Math.min(rows, Math.ceil((scroll_px + height_px) / row_px) + OVERSCAN_ROWS)
  return {
    from: first * columns,
    to: Math.min(count, Math.max(first, last) * columns),
    top_px: first * row_px,
    whole_px: rows * row_px,
  }
}
