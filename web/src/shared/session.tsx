// Who is signed in on this tab. Starts by asking the refresh cookie; after that it follows the access token.
// It must not know screens: app/ decides where a signed-out person is sent.
import { useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react'
import { accessToken, onAccessChange, refreshAccess, setAccessToken } from './api/access'
import { api, call, type Schema } from './api/client'
import { type ApiProblem, asProblem, isPassing } from './api/problem'
import { forgetAll, recall, remember } from './device-memory'
import { createFormat, DEFAULT_ZONE, type Format } from './format'
import { setLanguage, useLanguage } from './i18n/texts'
import { type ColourScheme, isLanguage, kept, LANGUAGE_KEY, type Language } from './preferences'

export type Me = Schema<'Profile'>

export type Session =
  | { readonly status: 'starting' }
  /** The server could not be asked: neither in nor out. `retry` asks again. */
  | { readonly status: 'unknown'; readonly problem: ApiProblem; readonly retry: () => void }
  | { readonly status: 'signed-out' }
  /** `fromDevice`: as this device remembers, since the server could not be asked; it is asked again by itself. */
  | { readonly status: 'signed-in'; readonly me: Me; readonly fromDevice?: boolean }

export interface SessionActs {
  signInWithPassword(username: string, password: string): Promise<Me>
  /** A one-time sign-in link's code. */
  signInWithLink(code: string): Promise<Me>
  /** A bridge's join code. */
  join(code: string): Promise<Me>
  signOut(): Promise<void>
  /** Keeps language or colours in the profile too; the device has them already. */
  keepPreference(change: { locale?: Language; colour_scheme?: ColourScheme }): Promise<void>
}

const SessionContext = createContext<{ session: Session; acts: SessionActs } | null>(null)

const ASK_AGAIN_MS = 10_000

async function start(): Promise<Session> {
  if (accessToken() === null && !(await refreshAccess())) return { status: 'signed-out' }
  const me = await call(api.GET('/api/me'))
  void remember('me', me)
  return { status: 'signed-in', me }
}

/** When `start` failed: who was signed in here last, if only the line is at fault. */
async function startWithoutLine(error: unknown, retry: () => void): Promise<Session> {
  const problem = asProblem(error)
  const me = isPassing(problem) ? await recall('me') : null
  return me ? { status: 'signed-in', me, fromDevice: true } : { status: 'unknown', problem, retry }
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient()
  const [session, setSession] = useState<Session>({ status: 'starting' })

  const begin = useCallback(() => {
    setSession({ status: 'starting' })
    void start()
      .catch(error => startWithoutLine(error, begin))
      .then(setSession)
  }, [])

  useEffect(begin, [begin])

  // A bridge's machine may start before its line or the server does, with nobody there to press.
  const asking =
    session.status === 'unknown' || (session.status === 'signed-in' && session.fromDevice === true)
  useEffect(() => {
    if (!asking) return
    const again = () =>
      void start().then(
        now => {
          setSession(now)
          void queries.invalidateQueries() // what was shown from the device is asked for anew
        },
        () => undefined,
      )
    const timer = setInterval(again, ASK_AGAIN_MS)
    window.addEventListener('online', again)
    return () => {
      clearInterval(timer)
      window.removeEventListener('online', again)
    }
  }, [asking, queries])

  useEffect(
    () =>
      onAccessChange(signedIn => {
        if (signedIn) return
        queries.clear() // nothing of one person may show to the next on a shared tablet
        void forgetAll()
        setSession({ status: 'signed-out' })
      }),
    [queries],
  )

  const acts = useMemo<SessionActs>(() => {
    const enter = async (asked: Promise<Schema<'Session'>>): Promise<Me> => {
      const { access_token, me } = await asked
      queries.clear()
      setAccessToken(access_token)
      setSession({ status: 'signed-in', me })
      void forgetAll().then(() => remember('me', me))
      // A choice made on this device stands; a new device takes the profile's.
      if (kept(LANGUAGE_KEY) === null && isLanguage(me.locale)) await setLanguage(me.locale)
      return me
    }
    return {
      signInWithPassword: (username, password) =>
        enter(call(api.POST('/api/session', { body: { username, password } }))),
      signInWithLink: code => enter(call(api.POST('/api/session/link', { body: { code } }))),
      join: code => enter(call(api.POST('/api/session/bridge', { body: { code } }))),
      signOut: async () => {
        await call(api.DELETE('/api/session'))
        setAccessToken(null)
      },
      keepPreference: async change => {
        if (accessToken() === null) return
        try {
          const me = await call(api.PATCH('/api/me', { body: change }))
          setSession({ status: 'signed-in', me })
        } catch {
          // The choice holds on this device all the same; the profile takes the next one.
        }
      },
    }
  }, [queries])

  const value = useMemo(() => ({ session, acts }), [session, acts])
  return <SessionContext.Provider value={value}>{children}</SessionContext.Provider>
}

function useSessionContext() {
  const value = useContext(SessionContext)
  if (value === null) throw new Error('useSession outside SessionProvider')
  return value
}

export const useSession = (): Session => useSessionContext().session
export const useSessionActs = (): SessionActs => useSessionContext().acts

/** The signed-in person; only below routes that ask for sign-in. */
export function useMe(): Me {
  const session = useSession()
  if (session.status !== 'signed-in') throw new Error('useMe outside a signed-in route')
  return session.me
}

/** The organisation's zone: every date on every device is shown and typed in it. */
export function useZone(): string {
  const session = useContext(SessionContext)?.session
  return session?.status === 'signed-in' ? session.me.organisation.zone : DEFAULT_ZONE
}

/** Dates and numbers in the page's language and the organisation's zone. */
export function useFormat(): Format {
  const zone = useZone()
  const spoken = useLanguage()
  return useMemo(() => createFormat(spoken, zone), [spoken, zone])
}
