// A server for tests: answers by method and path, and remembers what it was asked. It stands where the network is;
// our own code is not replaced. For tests only.
import { vi } from 'vitest'
import type { Schema } from '@/shared/api/client'

export type Answers = Readonly<Record<string, readonly [status: number, body: unknown]>>

export interface Asked {
  readonly what: string
  readonly headers: Headers
  readonly body: unknown
}

export const PROFILE: Schema<'Profile'> = {
  kind: 'person',
  id: '7b0d2f7e-0000-4000-8000-000000000001',
  name: 'Nguyễn Thị Hoa',
  position: 'Thư ký',
  office_roles: ['secretary'],
  office_rights: ['create_meetings', 'see_directory'],
  organisation: {
    id: '7b0d2f7e-0000-4000-8000-000000000002',
    name: 'Tỉnh uỷ',
    zone: 'Asia/Ho_Chi_Minh',
    locale: 'vi',
  },
  locale: 'vi',
  colour_scheme: 'auto',
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Answers from now on; `now` changes the answers. What is not named is a missing line. */
export function serve(first: Answers): { asked: Asked[]; now: (next: Answers) => void } {
  let answers = first
  const asked: Asked[] = []
  vi.stubGlobal('fetch', async (input: RequestInfo | URL, init?: RequestInit) => {
    const request =
      input instanceof Request ? input : new Request(new URL(String(input), location.origin), init)
    const what = `${request.method} ${new URL(request.url).pathname}`
    asked.push({ what, headers: request.headers, body: parsed(await request.clone().text()) })
    const answer = answers[what]
    if (!answer) throw new TypeError(`no line for ${what}`)
    const [status, body] = answer
    return new Response(status === 204 ? null : JSON.stringify(body), { status })
  })
  return {
    asked,
    now: next => {
      answers = next
    },
  }
}

/** The answers of somebody signed in. */
export const SIGNED_IN: Answers = {
  'POST /api/session/refresh': [200, { access_token: 't', expires_at: '2026-03-12T07:15:00Z', me: PROFILE }],
  'GET /api/me': [200, PROFILE],
}
