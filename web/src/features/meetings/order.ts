// Which meeting matters now, and the one thing to do about it. Pure: meetings and a moment in, an order out.
import type { MeetingCard } from './api'

export interface Ordered {
  /** The open meeting that began last, else the convened one that starts next, else the draft that does. */
  readonly next: MeetingCard | null
  readonly upcoming: readonly MeetingCard[]
  readonly past: readonly MeetingCard[]
}

const RANK = { open: 0, convened: 1, draft: 2, closed: 3 } as const

const start = (meeting: MeetingCard): number => Date.parse(meeting.starts_at)

export function order(meetings: readonly MeetingCard[]): Ordered {
  const byNearness = (a: MeetingCard, b: MeetingCard): number =>
    RANK[a.state] - RANK[b.state] || (a.state === 'open' ? start(b) - start(a) : start(a) - start(b))
  const alive = meetings.filter(meeting => meeting.state !== 'closed').sort(byNearness)
  const [next = null, ...rest] = alive
  return {
    next,
    upcoming: rest.sort((a, b) => start(a) - start(b)),
    past: meetings.filter(meeting => meeting.state === 'closed').sort((a, b) => start(b) - start(a)),
  }
}

export type ActName =
  | 'enter'
  | 'read'
  | 'prepare'
  | 'desk'
  | 'bridge'
  | 'writeMinutes'
  | 'signMinutes'
  | 'readMinutes'
  | 'readRoom'

export interface Act {
  readonly name: ActName
  readonly to: string
}

/** The one obvious thing to press on this meeting. */
export function obviousAct(meeting: MeetingCard): Act {
  const room = `/meetings/${meeting.id}`
  const act = (name: ActName, page = ''): Act => ({ name, to: `${room}${page}` })
  if (meeting.role === 'central_bridge') return act('desk', '/desk')
  if (meeting.role === 'commune_bridge') return act('bridge', '/bridge')
  switch (meeting.state) {
    case 'open':
      return act('enter')
    case 'convened':
      if (meeting.role === 'secretary') return act('prepare', '/prepare')
      return meeting.role === 'chair' ? act('enter') : act('read')
    case 'draft':
      return meeting.role === 'secretary' ? act('prepare', '/prepare') : act('read')
    case 'closed':
      return afterClosing(meeting, act)
  }
}

function afterClosing(meeting: MeetingCard, act: (name: ActName, page?: string) => Act): Act {
  const signs = meeting.role === 'secretary' || meeting.role === 'chair'
  switch (meeting.minutes_state) {
    case 'signed':
      return act('readMinutes', '/minutes')
    case 'locked':
      return act(signs ? 'signMinutes' : 'readMinutes', '/minutes')
    case 'draft':
    case 'none':
      return meeting.role === 'secretary' ? act('writeMinutes', '/minutes') : act('readRoom')
    default:
      return act('readRoom')
  }
}
