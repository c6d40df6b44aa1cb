// What the wall shows, found from the room alone: the vote before all, then its result for a while, then the page
// everyone is led to, the speaker, the item.
import type { Paper, Poll, Room, Turn } from '@/shared/room-types'
import { currentItem, lastClosedPoll, type NumberedItem, openPoll, speakingTurn } from '@/shared/room-views'

const RESULT_STAYS_MS = 120_000

export type Scene =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'poll'; readonly poll: Poll }
  | { readonly kind: 'result'; readonly poll: Poll }
  | {
      readonly kind: 'page'
      readonly paper: Paper
      readonly page: number
      readonly turn: Turn | null
      readonly item: NumberedItem | null
    }
  | { readonly kind: 'speaker'; readonly turn: Turn; readonly item: NumberedItem | null }
  | { readonly kind: 'item'; readonly item: NumberedItem | null }

export function sceneOf(room: Room, now_ms: number): Scene {
  const { state, lead } = room.meeting
  if (state === 'closed') return { kind: 'closed' }
  if (state !== 'open') return { kind: 'waiting' }
  const poll = openPoll(room)
  if (poll) return { kind: 'poll', poll }
  const item = currentItem(room)
  const turn = speakingTurn(room)
  const result = lastClosedPoll(room)
  if (result && stays(result, [turn?.started_at, item?.item.started_at], now_ms))
    return { kind: 'result', poll: result }
  const paper = lead && room.papers.find(one => one.id === lead.paper_id)
  if (lead && paper) return { kind: 'page', paper, page: lead.page, turn, item }
  if (turn) return { kind: 'speaker', turn, item }
  return { kind: 'item', item }
}

/** A result stays until something newer begins, and not for ever. */
function stays(poll: Poll, begun: (string | null | undefined)[], now_ms: number): boolean {
  const closed = Date.parse(poll.closed_at ?? '')
  const newer = begun.some(at => at && Date.parse(at) > closed)
  return !newer && now_ms - closed < RESULT_STAYS_MS
}
