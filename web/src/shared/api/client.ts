// The one door to the HTTP API, typed by schema.d.ts, which is generated from the server's code (`npm run api`).
//   const meetings = await call(api.GET('/api/meetings'))
import createClient from 'openapi-fetch'
import { authorisedFetch } from './access'
import { asProblem, problemFrom } from './problem'
import type { components, paths } from './schema'

export const api = createClient<paths>({ baseUrl: location.origin, fetch: authorisedFetch })

// So that a refusal's `detail` comes in the language of the page and not of the browser.
api.use({
  onRequest({ request }) {
    request.headers.set('Accept-Language', document.documentElement.lang || 'vi')
    return request
  },
})

/** A type of the API by its name in the contract: `Schema<'MeetingOut'>`. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name]

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The answer's value; every refusal and every loss of the line is thrown as `ApiProblem`. */
export async function call<T>(asked: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>
  try {
    answer = await asked
  } catch (error) {
    throw asProblem(error)
  }
  if (!answer.response.ok) throw problemFrom(answer.response.status, answer.error)
  return answer.data as T // openapi-fetch has checked the status: data is what the contract says
}

/** A key for one act of one person: make it once when the act begins, send it with every try of that act. */
export const newKey = (): string => crypto.randomUUID()

/** Header parameter: `params: { header: idempotent(key) }` or `headers: idempotent(key)`. */
export const idempotent = (key: string): { 'Idempotency-Key': string } => ({ 'Idempotency-Key': key })
