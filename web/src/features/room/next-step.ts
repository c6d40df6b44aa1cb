// What is expected of this person now: one step, found from the room alone. The screen turns it into one button.
import type { AgendaItem, Poll, Room, Turn } from '@/shared/room-types'
import {
  attendantOf,
  currentItem,
  duePoll,
  may,
  type NumberedItem,
  nextItem,
  openPoll,
  turnOf,
} from '@/shared/room-views'

export type Step =
  | { readonly kind: 'check_in' }
  | { readonly kind: 'open' }
  | { readonly kind: 'start'; readonly item: NumberedItem }
  | { readonly kind: 'open_poll'; readonly poll: Poll }
  | { readonly kind: 'close_poll'; readonly poll: Poll }
  | { readonly kind: 'finish'; readonly item: NumberedItem; readonly next: NumberedItem | null }
  | { readonly kind: 'close' }
  | { readonly kind: 'ask_floor' }
  | { readonly kind: 'withdraw'; readonly turn: Turn }
  | { readonly kind: 'finish_speaking'; readonly turn: Turn }
  | { readonly kind: 'prepare' }
  | { readonly kind: 'minutes'; readonly act: 'write_minutes' | 'sign_minutes' | 'read_minutes' }
  | { readonly kind: 'wait' }

export function nextStep(room: Room, me: string): Step {
  switch (room.meeting.state) {
    case 'draft':
      return may(room, 'prepare') ? { kind: 'prepare' } : { kind: 'wait' }
    case 'convened':
      if (may(room, 'preside')) return { kind: 'open' }
      return absent(room, me) ? { kind: 'check_in' } : { kind: 'wait' }
    case 'open':
      if (may(room, 'preside')) return presiding(room)
      return absent(room, me) ? { kind: 'check_in' } : taking(room, me)
    case 'closed':
      return afterwards(room)
  }
}

/** The chair's other sensible step beside the first: going on although a vote is prepared. */
export function otherStep(room: Room): Step | null {
  if (!may(room, 'preside') || room.meeting.state !== 'open' || openPoll(room) !== null) return null
  const item = currentItem(room)
  return duePoll(room) !== null && item !== null ? { kind: 'finish', item, next: following(room) } : null
}

function presiding(room: Room): Step {
  const open = openPoll(room)
  if (open) return { kind: 'close_poll', poll: open }
  const due = duePoll(room)
  if (due) return { kind: 'open_poll', poll: due }
  const item = currentItem(room)
  const next = following(room)
  if (item) return { kind: 'finish', item, next }
  return next ? { kind: 'start', item: next } : { kind: 'close' }
}

function taking(room: Room, me: string): Step {
  const turn = turnOf(room, me)
  if (turn?.state === 'speaking') return { kind: 'finish_speaking', turn }
  if (turn) return { kind: 'withdraw', turn }
  return may(room, 'ask_floor') ? { kind: 'ask_floor' } : { kind: 'wait' }
}

function afterwards(room: Room): Step {
  const { state, signatures } = room.minutes
  const signed = new Set(signatures.map(one => one.role))
  if (may(room, 'write_minutes') && (state === 'none' || state === 'draft'))
    return { kind: 'minutes', act: 'write_minutes' }
  if (state === 'locked') {
    const secretary = may(room, 'sign_as_secretary') && !signed.has('secretary')
    const chair = may(room, 'sign_as_chair') && signed.has('secretary') && !signed.has('chair')
    if (secretary || chair) return { kind: 'minutes', act: 'sign_minutes' }
  }
  const readable = state === 'locked' || state === 'signed'
  return readable && may(room, 'read_minutes') ? { kind: 'minutes', act: 'read_minutes' } : { kind: 'wait' }
}

const following = (room: Room): NumberedItem | null => nextItem(room)

function absent(room: Room, me: string): boolean {
  const one = attendantOf(room, me)
  return one !== null && one.state !== 'present' && may(room, 'check_in')
}

export const unfinished = (agenda: readonly AgendaItem[]): number =>
  agenda.filter(item => item.state === 'pending').length
