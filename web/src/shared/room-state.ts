// A meeting on this screen: how each journal entry changes it. Pure and exhaustive; it knows neither line nor screen.
// The server's rows change by the same rules (tests/golden holds both to them).
import type { Attendant, BridgeSeat, Entry, Event, Meeting, Room } from './room-types'

export function assertNever(value: never): never {
  throw new Error(`unexpected: ${JSON.stringify(value)}`)
}

/** The room after `entry`. An entry the room has already seen changes nothing. */
export function apply(room: Room, entry: Entry): Room {
  if (entry.seq <= room.seq) return room
  const next = changed(room, entry.event, entry.at)
  return {
    ...next,
    seq: entry.seq,
    meeting: { ...next.meeting, last_seq: entry.seq, last_hash: entry.hash },
  }
}

/** Entries in order, then everything up to `upto`, which also counts entries this reader is not told of. */
export function applyAll(room: Room, entries: readonly Entry[], upto: number): Room {
  const next = entries.reduce(apply, room)
  return upto > next.seq ? { ...next, seq: upto, meeting: { ...next.meeting, last_seq: upto } } : next
}

function changed(room: Room, event: Event, at: string): Room {
  switch (event.kind) {
    case 'meeting.created':
    case 'meeting.details_changed':
      return withMeeting(room, { details: event.details })
    case 'meeting.convened':
      return withMeeting(room, { state: 'convened' })
    case 'meeting.opened':
      return withMeeting(room, { state: 'open', opened_at: at })
    case 'meeting.closed':
      return withMeeting(room, { state: 'closed', closed_at: at })

    case 'person.invited':
      return { ...room, attendants: invited(room.attendants, event) }
    case 'person.uninvited':
      return { ...room, attendants: room.attendants.filter(one => one.person_id !== event.person_id) }
    case 'person.checked_in':
      return withPerson(room, event.person_id, { state: 'present', checked_in_at: at, left_at: null })
    case 'person.checked_out':
      return withPerson(room, event.person_id, { state: 'left', left_at: at })
    case 'person.excused':
      return withPerson(room, event.person_id, { state: 'excused', excuse: event.reason })

    case 'bridge.invited':
      return { ...room, bridges: bridgeInvited(room.bridges, event) }
    case 'bridge.uninvited':
      return { ...room, bridges: room.bridges.filter(one => one.bridge_id !== event.bridge_id) }
    case 'bridge.checked_in':
      return withBridge(room, event.bridge_id, {
        checked_in_at: at,
        left_at: null,
        ...(event.heads === null ? {} : { heads: event.heads }),
      })
    case 'bridge.checked_out':
      return withBridge(room, event.bridge_id, { left_at: at })
    case 'bridge.heads_reported':
      return withBridge(room, event.bridge_id, { heads: event.heads })

    case 'item.added':
      return { ...room, agenda: [...room.agenda, event.item] }
    case 'item.changed': {
      const { title, presenter, planned_min } = event
      return withItem(room, event.item_id, { title, presenter, planned_min })
    }
    case 'items.moved': {
      const places = new Map(event.places.map(place => [place.item_id, place]))
      const agenda = room.agenda.map(item => {
        const place = places.get(item.id)
        return place ? { ...item, parent_id: place.parent_id, position: place.position } : item
      })
      return { ...room, agenda }
    }
    case 'items.removed':
      return itemsRemoved(room, new Set(event.item_ids))
    case 'item.started': {
      const started = withItem(room, event.item_id, { state: 'current', started_at: at, ended_at: null })
      return withMeeting(started, { current_item_id: event.item_id })
    }
    case 'item.finished': {
      const finished = withItem(room, event.item_id, { state: 'done', ended_at: at })
      return withMeeting(finished, { current_item_id: null })
    }

    case 'paper.added':
      return { ...room, papers: [...room.papers, event.paper] }
    case 'paper.changed': {
      const { title, item_id } = event
      return { ...room, papers: patched(room.papers, event.paper_id, { title, item_id }) }
    }
    case 'paper.removed':
      return { ...room, papers: room.papers.filter(paper => paper.id !== event.paper_id) }
    case 'lead.moved':
      return withMeeting(room, { lead: { paper_id: event.paper_id, page: event.page } })
    case 'lead.ended':
      return withMeeting(room, { lead: null })

    case 'floor.asked':
      return { ...room, turns: [...room.turns, event.turn] }
    case 'floor.withdrawn':
      return { ...room, turns: room.turns.filter(turn => turn.id !== event.turn_id) }
    case 'floor.given': {
      const given = { state: 'speaking', started_at: at, limit_s: event.limit_s } as const
      return { ...room, turns: patched(room.turns, event.turn_id, given) }
    }
    case 'floor.extended':
      return { ...room, turns: patched(room.turns, event.turn_id, { limit_s: event.limit_s }) }
    case 'floor.ended':
      return { ...room, turns: patched(room.turns, event.turn_id, { state: 'done', ended_at: at }) }

    case 'poll.prepared':
      return { ...room, polls: [...room.polls, event.poll] }
    case 'poll.cancelled':
      return { ...room, polls: room.polls.filter(poll => poll.id !== event.poll_id) }
    case 'poll.opened': {
      const { entitled, frozen } = event
      const opened = { state: 'open', opened_at: at, entitled, frozen } as const
      return { ...room, polls: patched(room.polls, event.poll_id, opened) }
    }
    case 'poll.closed': {
      const closed = { state: 'closed', closed_at: at, tally: event.tally } as const
      return { ...room, polls: patched(room.polls, event.poll_id, closed) }
    }

    case 'stage.stand_by':
      return withMeeting(room, { stand_by_bridge_id: event.bridge_id })
    case 'stage.on_air':
      return withMeeting(room, { on_air_bridge_id: event.bridge_id })

    case 'recording.started':
      return withMeeting(room, { recording_since: at })
    case 'recording.stopped':
      return withMeeting(room, { recording_since: null })

    case 'minutes.compiled':
      return { ...room, minutes: { state: 'draft', version: event.version, sha256: null, signatures: [] } }
    case 'minutes.corrected':
      return { ...room, minutes: { ...room.minutes, version: event.version } }
    case 'minutes.locked': {
      const { version, sha256 } = event
      return { ...room, minutes: { ...room.minutes, state: 'locked', version, sha256 } }
    }
    case 'minutes.signed': {
      const { role, name, sha256 } = event
      const signatures = [...room.minutes.signatures, { role, name, signed_at: at }]
      const state = role === 'chair' ? 'signed' : room.minutes.state // the chair signs last
      return { ...room, minutes: { ...room.minutes, state, sha256, signatures } }
    }
    default:
      return assertNever(event)
  }
}

const patched = <T extends { id: string }>(all: T[], id: string, change: Partial<T>): T[] =>
  all.map(one => (one.id === id ? { ...one, ...change } : one))

const withMeeting = (room: Room, change: Partial<Meeting>): Room => ({
  ...room,
  meeting: { ...room.meeting, ...change },
})

const withItem = (room: Room, id: string, change: Partial<Room['agenda'][number]>): Room => ({
  ...room,
  agenda: patched(room.agenda, id, change),
})

const withPerson = (room: Room, id: string, change: Partial<Attendant>): Room => ({
  ...room,
  attendants: room.attendants.map(one => (one.person_id === id ? { ...one, ...change } : one)),
})

const withBridge = (room: Room, id: string, change: Partial<BridgeSeat>): Room => ({
  ...room,
  bridges: room.bridges.map(one => (one.bridge_id === id ? { ...one, ...change } : one)),
})

type PersonInvited = Extract<Event, { kind: 'person.invited' }>
type BridgeInvited = Extract<Event, { kind: 'bridge.invited' }>

/** New at the end, or with a new role in the old place. */
function invited(all: Attendant[], event: PersonInvited): Attendant[] {
  const { person_id, name, position, role } = event
  if (all.some(one => one.person_id === person_id))
    return all.map(one => (one.person_id === person_id ? { ...one, name, position, role } : one))
  return [
    ...all,
    { person_id, name, position, role, state: 'expected', checked_in_at: null, left_at: null, excuse: '' },
  ]
}

function bridgeInvited(all: BridgeSeat[], event: BridgeInvited): BridgeSeat[] {
  const { bridge_id, name, code, role } = event
  if (all.some(one => one.bridge_id === bridge_id))
    return all.map(one => (one.bridge_id === bridge_id ? { ...one, name, code, role } : one))
  return [...all, { bridge_id, name, code, role, checked_in_at: null, left_at: null, heads: null }]
}

/** What pointed at a removed item points at the meeting as a whole. */
function itemsRemoved(room: Room, gone: Set<string>): Room {
  const kept = <T extends { item_id: string | null }>(one: T): T =>
    one.item_id !== null && gone.has(one.item_id) ? { ...one, item_id: null } : one
  return {
    ...room,
    agenda: room.agenda.filter(item => !gone.has(item.id)),
    papers: room.papers.map(kept),
    polls: room.polls.map(kept),
    turns: room.turns.map(kept),
  }
}
