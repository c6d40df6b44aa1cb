// A code may be a person's one-time code or a bridge's join code; whoever types it need not know which.
import { asProblem } from '@/shared/api/problem'
import type { Me, SessionActs } from '@/shared/session'

export async function enterWithAnyCode(acts: SessionActs, code: string): Promise<Me> {
  try {
    return await acts.signInWithLink(code)
  } catch (error) {
    if (asProblem(error).code !== 'link-unknown') throw error
    return acts.join(code)
  }
}

/** The code of `/link#CODE`. In the fragment it reaches no server log; taken out at once, it reaches no history. */
export function takeCodeFromAddress(): string {
  const code = decodeURIComponent(location.hash.slice(1))
  if (code) history.replaceState(history.state, '', location.pathname)
  return code
}

/** The way of signing in that the page before asked for. */
export function wantedWay(state: unknown): 'password' | 'code' {
  return typeof state === 'object' && state !== null && 'way' in state && state.way === 'code'
    ? 'code'
    : 'password'
}

/** Where the person wanted to go before the door, if that is a place of ours. */
export function wantedPlace(state: unknown): string {
  const from = typeof state === 'object' && state !== null && 'from' in state ? state.from : null
  return typeof from === 'string' && from.startsWith('/') && !from.startsWith('//') ? from : '/'
}
