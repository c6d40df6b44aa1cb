// What the room client asks over HTTP. Answers carry when they were asked and what the server's clock said.
import { authorisedFetch } from './api/access'
import { ApiProblem, problemFrom } from './api/problem'
import type { Command, Done, JournalPage, Room, Turnout } from './room-types'

export interface Timed<T> {
  readonly value: T
  readonly asked_at_ms: number
  readonly answered_at_ms: number
  /** From the `Date` header: whole seconds. */
  readonly server_at_ms: number | null
}

export interface RoomApi {
  room(meeting_id: string): Promise<Timed<Room>>
  journal(meeting_id: string, after: number): Promise<Timed<JournalPage>>
  turnout(meeting_id: string, poll_id: string): Promise<Timed<Turnout>>
  send(meeting_id: string, command: Command, key: string): Promise<Timed<Done>>
}

/** A dead line often gives no error at all: after this long it counts as none. */
const ANSWER_WITHIN_MS = 10_000

async function ask<T>(path: string, init: RequestInit = {}): Promise<Timed<T>> {
  const asked_at_ms = Date.now()
  const request = new Request(new URL(path, location.origin), {
    ...init,
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  })
  const response = await authorisedFetch(request)
  const answered_at_ms = Date.now()
  const body: unknown = await response.json().catch(() => null)
  if (!response.ok) throw problemFrom(response.status, body)
  if (body === null) throw new ApiProblem('unreadable-answer', response.status, '', '')
  const server_at_ms = Date.parse(response.headers.get('Date') ?? '') || null
  return { value: body as T, asked_at_ms, answered_at_ms, server_at_ms }
}

export const roomApi: RoomApi = {
  room: id => ask(`/api/meetings/${id}/room`),
  journal: (id, after) => ask(`/api/meetings/${id}/journal?after=${after}`),
  turnout: (id, poll_id) => ask(`/api/meetings/${id}/polls/${poll_id}/turnout`),
  send: (id, command, key) =>
    ask(`/api/meetings/${id}/commands`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
      body: JSON.stringify(command),
    }),
}
