// A refusal of the server (RFC 9457) or of the line, as one typed error. It knows no words: ui/problem-notice.tsx
// turns `code` into a sentence.

export interface Facts {
  readonly [name: string]: unknown
}

export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'

  constructor(
    /** Stable, kebab-case: 'already-voted'. Ours: 'offline', 'unreadable-answer'. */
    readonly code: string,
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    /** What the sentence may mention, and `errors` of a form. */
    readonly facts: Facts = {},
  ) {
    super(detail || title || code)
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Codes for answers that are no problem documents, a proxy's 502 for instance. */
function codeOfStatus(status: number): string {
  if (status === 401) return 'not-signed-in'
  if (status === 403) return 'forbidden'
  if (status === 404) return 'not-found'
  if (status === 413) return 'too-large'
  if (status === 429) return 'too-many-requests'
  if (status === 502 || status === 503 || status === 504) return 'unavailable'
  return status >= 500 ? 'internal' : 'refused'
}

export function problemFrom(status: number, body: unknown): ApiProblem {
  if (!isObject(body)) return new ApiProblem(codeOfStatus(status), status, '', '')
  const { type, title, detail, code, facts, status: _, ...rest } = body
  const lastOfType = text(type).split(/[/#:]/).at(-1) ?? ''
  const known = text(code) || (lastOfType === 'blank' ? '' : lastOfType) || codeOfStatus(status)
  return new ApiProblem(known, status, text(title), text(detail), {
    ...rest,
    ...(isObject(facts) ? facts : {}),
  })
}

/** Whatever was thrown, as a problem: fetch throws TypeError when there is no line. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error
  if (error instanceof TypeError) return new ApiProblem('offline', 0, '', error.message)
  return new ApiProblem('internal', 0, '', error instanceof Error ? error.message : String(error))
}

/** True when trying again later may help without anybody changing anything. */
export const isPassing = (problem: ApiProblem): boolean =>
  problem.status === 0 || problem.status === 429 || problem.status >= 500
