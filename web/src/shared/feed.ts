// The live line: one Socket.IO connection with a token that is renewed before it ends. It says what arrives and
// whether it is up; what to do about gaps is the room client's.
import { io, type Socket } from 'socket.io-client'
import { accessToken, refreshAccess } from './api/access'
import type { BridgePresence, Entry, PictureState, Rendition } from './room-types'

export interface JournalNews {
  readonly meeting_id: string
  readonly after: number
  readonly upto: number
  readonly entries: readonly Entry[]
}

/** Sessions at `relay` are to be begun anew within so many seconds; who sends, only when `sources`. */
export interface MovedNews {
  readonly meeting_id: string
  readonly relay: string
  readonly within_s: number
  readonly sources: boolean
  /** Only whose session is no longer there. */
  readonly ask: boolean
}

export interface FeedEars {
  up(): void
  down(): void
  journal(news: JournalNews): void
  turnout(news: { meeting_id: string; poll_id: string; cast: number; entitled: number }): void
  presence(news: { meeting_id: string; bridges: readonly BridgePresence[] }): void
  present(news: { meeting_id: string; online: number }): void
  line(news: { meeting_id: string; rendition: Rendition | null }): void
  picture(news: { meeting_id: string; state: PictureState | null }): void
  seat(news: { meeting_id: string }): void
  moved(news: MovedNews): void
}

export type Entered =
  | { readonly ok: true; readonly seq: number }
  | { readonly ok: false; readonly problem: unknown }

export interface Feed {
  enter(meeting_id: string, after: number): Promise<Entered>
  leave(meeting_id: string): void
  /** Try now instead of at the next turn: the device says it has a network again. */
  nudge(): void
  close(): void
}

export type OpenFeed = (ears: FeedEars) => Feed

const RENEW_BEFORE_MS = 90_000
const ANSWER_WITHIN_MS = 10_000

/** When the token ends, by its own word; null when it does not say. */
export function tokenEnd_ms(token: string): number | null {
  try {
    const body = token.split('.')[1] ?? ''
    const claims: unknown = JSON.parse(atob(body.replaceAll('-', '+').replaceAll('_', '/')))
    const end = typeof claims === 'object' && claims !== null && 'exp' in claims ? claims.exp : null
    return typeof end === 'number' ? end * 1000 : null
  } catch {
    return null
  }
}

async function freshToken(): Promise<string | null> {
  const token = accessToken()
  const end = token === null ? 0 : (tokenEnd_ms(token) ?? Number.POSITIVE_INFINITY)
  if (end - Date.now() < RENEW_BEFORE_MS / 3) await refreshAccess()
  return accessToken()
}

export const openFeed: OpenFeed = ears => {
  let renewing: ReturnType<typeof setTimeout> | undefined
  let again: ReturnType<typeof setTimeout> | undefined
  let closed = false

  const socket: Socket = io({
    path: '/ws',
    transports: ['websocket'],
    auth: give =>
      void freshToken().then(
        token => give({ token }),
        () => give({ token: accessToken() }),
      ),
    reconnectionDelay: 500,
    reconnectionDelayMax: 8_000,
    randomizationFactor: 0.5,
    timeout: ANSWER_WITHIN_MS,
  })

  const renewInTime = (): void => {
    clearTimeout(renewing)
    const token = accessToken()
    const end = token === null ? null : tokenEnd_ms(token)
    if (end === null) return
    renewing = setTimeout(renew, Math.max(1_000, end - Date.now() - RENEW_BEFORE_MS))
  }
  const renew = async (): Promise<void> => {
    try {
      const end = tokenEnd_ms(accessToken() ?? '') ?? 0
      if (end - Date.now() <= RENEW_BEFORE_MS + 1_000) await refreshAccess()
      await socket.timeout(ANSWER_WITHIN_MS).emitWithAck('renew', { token: accessToken() })
    } catch {
      // The line is gone or going: the next connection brings its own token.
    }
    if (socket.connected) renewInTime()
  }
  /** The server closed or refused us: Socket.IO does not try again by itself then. */
  const retryOurselves = (): void => {
    clearTimeout(again)
    again = setTimeout(
      () => {
        void refreshAccess()
          .catch(() => true)
          .then(signedIn => {
            if (signedIn && !closed) socket.connect()
          })
      },
      1_000 + Math.random() * 4_000,
    )
  }

  socket.on('connect', () => {
    renewInTime()
    ears.up()
  })
  socket.on('disconnect', reason => {
    clearTimeout(renewing)
    ears.down()
    if (reason === 'io server disconnect') retryOurselves()
  })
  socket.on('connect_error', () => {
    ears.down()
    if (!socket.active) retryOurselves()
  })
  socket.on('journal', ears.journal)
  socket.on('turnout', ears.turnout)
  socket.on('presence', ears.presence)
  socket.on('present', ears.present)
  socket.on('line', ears.line)
  socket.on('picture', ears.picture)
  socket.on('seat', ears.seat)
  socket.on('moved', ears.moved)

  return {
    enter: (meeting_id, after) =>
      socket.timeout(ANSWER_WITHIN_MS).emitWithAck('enter', { meeting_id, after }) as Promise<Entered>,
    leave: meeting_id => {
      if (socket.connected) socket.emit('leave', { meeting_id })
    },
    nudge: () => {
      if (!socket.connected && !closed) socket.disconnect().connect()
    },
    close: () => {
      closed = true
      clearTimeout(renewing)
      clearTimeout(again)
      socket.disconnect()
    },
  }
}
