// What a screen asks of a room: pure answers, no words and no time of their own.
import type { AgendaItem, Attendant, Paper, Poll, Right, Room, Threshold, Turn } from './room-types'

export const may = (room: Room, right: Right): boolean => room.me.rights.includes(right)

const VOTING: ReadonlySet<Attendant['role']> = new Set(['chair', 'member'])
export const votes = (one: Attendant): boolean => VOTING.has(one.role)

/** The least count that meets the threshold for this base; integers only. */
export function needed(threshold: Threshold, base: number): number {
  const { numerator, denominator, strict } = threshold
  const exact = base * numerator
  const whole = Math.floor(exact / denominator)
  return exact % denominator === 0 && !strict ? whole : whole + 1
}

export interface Quorum {
  readonly present: number
  readonly members: number
  readonly needed: number
  readonly reached: boolean
}

export function quorum(room: Room): Quorum {
  const { members_in_office, quorum: threshold } = room.meeting.details
  const members = members_in_office ?? room.attendants.filter(votes).length
  const present = room.attendants.filter(one => votes(one) && one.state === 'present').length
  const least = needed(threshold, members)
  return { present, members, needed: least, reached: members > 0 && present >= least }
}

export interface NumberedItem {
  readonly item: AgendaItem
  /** As printed: "2.1". */
  readonly number: string
  /** 1 at the top. */
  readonly depth: number
}

/** The agenda as it is read: parents before children. */
export function numbered(agenda: readonly AgendaItem[]): NumberedItem[] {
  const walk = (parent: string | null, prefix: string, depth: number): NumberedItem[] =>
    agenda
      .filter(item => item.parent_id === parent)
      .toSorted((a, b) => a.position - b.position)
      .flatMap((item, index) => {
        const number = `${prefix}${index + 1}`
        return [{ item, number, depth }, ...walk(item.id, `${number}.`, depth + 1)]
      })
  return walk(null, '', 1)
}

export function currentItem(room: Room): NumberedItem | null {
  const id = room.meeting.current_item_id
  return id === null ? null : (numbered(room.agenda).find(one => one.item.id === id) ?? null)
}

/** The next pending item in reading order after the current one; else the first pending one. */
export function nextItem(room: Room): NumberedItem | null {
  const all = numbered(room.agenda)
  const at = all.findIndex(one => one.item.id === room.meeting.current_item_id)
  const pending = (one: NumberedItem): boolean => one.item.state === 'pending'
  return all.slice(at + 1).find(pending) ?? all.find(pending) ?? null
}

export const speakingTurn = (room: Room): Turn | null =>
  room.turns.find(turn => turn.state === 'speaking') ?? null

export const waitingTurns = (room: Room): Turn[] =>
  room.turns
    .filter(turn => turn.state === 'waiting')
    .toSorted((a, b) => Date.parse(a.asked_at) - Date.parse(b.asked_at))

/** The reader's own turn that waits or speaks. */
export const turnOf = (room: Room, speaker_id: string): Turn | null =>
  room.turns.find(
    turn => turn.speaker_id === speaker_id && (turn.state === 'waiting' || turn.state === 'speaking'),
  ) ?? null

export const openPoll = (room: Room): Poll | null => room.polls.find(poll => poll.state === 'open') ?? null

/** The prepared poll of the current item, the oldest first. */
export function duePoll(room: Room): Poll | null {
  const id = room.meeting.current_item_id
  return id === null ? null : (room.polls.find(one => one.state === 'prepared' && one.item_id === id) ?? null)
}

export const lastClosedPoll = (room: Room): Poll | null =>
  room.polls
    .filter(poll => poll.state === 'closed')
    .toSorted((a, b) => Date.parse(b.closed_at ?? '') - Date.parse(a.closed_at ?? ''))[0] ?? null

export const attendantOf = (room: Room, person_id: string): Attendant | null =>
  room.attendants.find(one => one.person_id === person_id) ?? null

/** May this person put a ballot into the poll now? */
export const entitled = (room: Room, poll: Poll, person_id: string): boolean =>
  poll.entitled.includes(person_id) && attendantOf(room, person_id)?.state === 'present'

/** Papers of an item, or with null those of the meeting as a whole; in the order they came. */
export const papersOf = (room: Room, item_id: string | null): Paper[] =>
  room.papers.filter(paper => paper.item_id === item_id)

/**
 * Minutes the meeting is behind (+) or ahead (−) of its programme at `now_ms`; null without planned times.
 * Behind: what was spent on finished items and the current one beyond their plan, and the late start.
 */
export function delay_min(room: Room, now_ms: number): number | null {
  const { opened_at, details, state } = room.meeting
  if (state !== 'open' || opened_at === null) return null
  const leaves = room.agenda.filter(item => !room.agenda.some(other => other.parent_id === item.id))
  const begun = leaves.filter(item => item.state !== 'pending')
  if (begun.length === 0 || begun.some(item => item.planned_min === null)) return null
  const due = begun
    .filter(item => item.state === 'done')
    .reduce((sum, item) => sum + (item.planned_min ?? 0) * 60_000, Date.parse(details.starts_at))
  const current = begun.find(item => item.state === 'current')
  if (!current) return null
  const started = Date.parse(current.started_at ?? details.starts_at)
  const over = Math.max(0, now_ms - started - (current.planned_min ?? 0) * 60_000)
  return Math.round((started - due + over) / 60_000)
}
