// The access token: in memory only, refreshed by the HttpOnly cookie. One refresh at a time in this tab, and one
// at a time among the tabs of this browser: the refresh token rotates, and two at once would look like theft.
// It knows nothing of React and nothing of what the token lets one do.
import { ApiProblem, problemFrom } from './problem'

const REFRESH_PATH = '/api/session/refresh'
/** A dead line often gives no error at all: after this long it counts as none. */
const ANSWER_WITHIN_MS = 10_000

export type Listener = (signedIn: boolean) => void

let token: string | null = null
let refreshing: Promise<boolean> | null = null
const listeners = new Set<Listener>()

export function accessToken(): string | null {
  return token
}

export function setAccessToken(next: string | null): void {
  const changed = (token === null) !== (next === null)
  token = next
  if (changed) for (const listener of listeners) listener(next !== null)
}

/**
 * Called when this tab becomes signed in or signed out, and when the server says that it is not signed in: what this
 * device remembers of somebody must go then. Returns the way to stop listening.
 */
export function onAccessChange(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

const hasToken = (body: unknown): body is { access_token: string } =>
  typeof body === 'object' && body !== null && 'access_token' in body && typeof body.access_token === 'string'

async function askForToken(): Promise<boolean> {
  const response = await fetch(REFRESH_PATH, {
    method: 'POST',
    credentials: 'same-origin',
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  })
  if (response.status === 401 || response.status === 403) {
    token = null
    for (const listener of listeners) listener(false)
    return false
  }
  const body: unknown = await response.json().catch(() => null)
  if (!response.ok) throw problemFrom(response.status, body)
  if (!hasToken(body)) throw new ApiProblem('unreadable-answer', response.status, '', '')
  setAccessToken(body.access_token)
  return true
}

async function oneTabAtATime(work: () => Promise<boolean>): Promise<boolean> {
  if (!('locks' in navigator)) return work() // plain http on a LAN address: no Web Locks there
  return await navigator.locks.request('dienhong-refresh', work)
}

/** True: signed in with a fresh token. False: signed out. Throws when the server could not be asked. */
export function refreshAccess(): Promise<boolean> {
  refreshing ??= oneTabAtATime(askForToken).finally(() => {
    refreshing = null
  })
  return refreshing
}

/** `fetch` with the access token; a 401 refreshes once and tries once more. For uploads and downloads too. */
export async function authorisedFetch(input: Request): Promise<Response> {
  const again = input.clone() // a body can be read only once
  const used = token
  const response = await fetch(withToken(input, used))
  if (response.status !== 401 || used === null) return response
  // Another call may have refreshed while this one was under way.
  const signedIn = token !== used && token !== null ? true : await refreshAccess()
  return signedIn ? fetch(withToken(again, token)) : response
}

function withToken(request: Request, access: string | null): Request {
  if (access !== null) request.headers.set('Authorization', `Bearer ${access}`)
  return request
}
