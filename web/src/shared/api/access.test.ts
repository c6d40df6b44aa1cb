import { beforeEach, describe, expect, it, vi } from 'vitest'
import { accessToken, authorisedFetch, onAccessChange, refreshAccess, setAccessToken } from './access'

type Answer = (request: Request) => Response | Promise<Response>

const asked: string[] = []

/** Answers by path; remembers what was asked with which token and body. */
function serve(answers: Record<string, Answer>) {
  vi.stubGlobal('fetch', async (input: RequestInfo | URL, init?: RequestInit) => {
    const request =
      input instanceof Request ? input : new Request(new URL(String(input), location.origin), init)
    const path = new URL(request.url).pathname
    const body = await request.clone().text()
    asked.push(`${request.method} ${path} ${request.headers.get('Authorization') ?? '-'} ${body}`.trim())
    const answer = answers[path]
    if (!answer) throw new TypeError('no line')
    return answer(request)
  })
}

const json = (status: number, body: unknown) => new Response(JSON.stringify(body), { status })
const get = (path: string) => new Request(new URL(path, location.origin))
const byToken =
  (good: string): Answer =>
  request =>
    request.headers.get('Authorization') === `Bearer ${good}`
      ? json(200, 'ok')
      : json(401, { code: 'expired' })

beforeEach(() => {
  vi.unstubAllGlobals()
  setAccessToken(null)
  asked.length = 0
})

describe('refreshAccess', () => {
  it('keeps the new token and says signed in', async () => {
    serve({ '/api/session/refresh': () => json(200, { access_token: 'one' }) })
    expect(await refreshAccess()).toBe(true)
    expect(accessToken()).toBe('one')
  })

  it('asks once however many ask at the same time', async () => {
    serve({ '/api/session/refresh': () => json(200, { access_token: 'one' }) })
    expect(await Promise.all([refreshAccess(), refreshAccess(), refreshAccess()])).toEqual([true, true, true])
    expect(asked).toHaveLength(1)
  })

  it('asks again after the first is answered', async () => {
    serve({ '/api/session/refresh': () => json(200, { access_token: 'one' }) })
    await refreshAccess()
    await refreshAccess()
    expect(asked).toHaveLength(2)
  })

  it('signs out when the cookie is not accepted, and tells', async () => {
    serve({ '/api/session/refresh': () => json(401, { code: 'not-signed-in' }) })
    setAccessToken('old')
    const told = vi.fn()
    const stop = onAccessChange(told)
    expect(await refreshAccess()).toBe(false)
    expect(accessToken()).toBeNull()
    expect(told).toHaveBeenCalledExactlyOnceWith(false)
    stop()
  })

  it('does not sign anybody out because the server is away', async () => {
    serve({ '/api/session/refresh': () => json(503, null) })
    setAccessToken('old')
    await expect(refreshAccess()).rejects.toMatchObject({ code: 'unavailable' })
    expect(accessToken()).toBe('old')
  })

  it('refuses an answer without a token', async () => {
    serve({ '/api/session/refresh': () => json(200, {}) })
    await expect(refreshAccess()).rejects.toMatchObject({ code: 'unreadable-answer' })
  })
})

describe('authorisedFetch', () => {
  it('refreshes once on 401 and sends the same body again', async () => {
    serve({ '/api/x': byToken('new'), '/api/session/refresh': () => json(200, { access_token: 'new' }) })
    setAccessToken('old')
    const request = new Request(new URL('/api/x', location.origin), { method: 'POST', body: 'ballot' })
    expect((await authorisedFetch(request)).status).toBe(200)
    expect(asked).toEqual([
      'POST /api/x Bearer old ballot',
      'POST /api/session/refresh -',
      'POST /api/x Bearer new ballot',
    ])
  })

  it('shares one refresh among calls that fail together', async () => {
    serve({ '/api/x': byToken('new'), '/api/session/refresh': () => json(200, { access_token: 'new' }) })
    setAccessToken('old')
    const answers = await Promise.all([1, 2, 3].map(() => authorisedFetch(get('/api/x'))))
    expect(answers.map(answer => answer.status)).toEqual([200, 200, 200])
    expect(asked.filter(line => line.includes('refresh'))).toHaveLength(1)
  })

  it('gives the 401 back when the session has ended', async () => {
    serve({ '/api/x': byToken('new'), '/api/session/refresh': () => json(401, null) })
    setAccessToken('old')
    expect((await authorisedFetch(get('/api/x'))).status).toBe(401)
    expect(accessToken()).toBeNull()
  })

  it('tries no third time', async () => {
    serve({
      '/api/x': () => json(401, null),
      '/api/session/refresh': () => json(200, { access_token: 'new' }),
    })
    setAccessToken('old')
    expect((await authorisedFetch(get('/api/x'))).status).toBe(401)
    expect(asked).toHaveLength(3)
  })

  it('does not refresh for somebody who is signed out: a wrong password is a wrong password', async () => {
    serve({ '/api/session': () => json(401, { code: 'wrong-credentials' }) })
    expect((await authorisedFetch(get('/api/session'))).status).toBe(401)
    expect(asked).toEqual(['GET /api/session -'])
  })
})
