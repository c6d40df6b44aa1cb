import { describe, expect, it } from 'vitest'
import { ApiProblem, asProblem, isPassing, problemFrom } from './problem'

describe('problemFrom', () => {
  it('takes code, words and facts of a problem document', () => {
    const problem = problemFrom(409, {
      type: 'https://dienhong.invalid/problems/already-voted',
      title: 'Xung đột',
      status: 409,
      code: 'already-voted',
      detail: 'Phiếu đã được ghi.',
      facts: { poll: 'p1' },
    })
    expect(problem).toMatchObject({ code: 'already-voted', status: 409, detail: 'Phiếu đã được ghi.' })
    expect(problem.facts).toEqual({ poll: 'p1' })
  })

  it('reads the code from the type when there is no code', () => {
    expect(problemFrom(404, { type: 'https://x/problems/not-found' }).code).toBe('not-found')
    expect(problemFrom(403, { type: 'about:blank' }).code).toBe('forbidden')
  })

  it.each([
    [401, 'not-signed-in'],
    [404, 'not-found'],
    [413, 'too-large'],
    [429, 'too-many-requests'],
    [502, 'unavailable'],
    [500, 'internal'],
    [418, 'refused'],
  ])('names a bare %i', (status, code) => {
    expect(problemFrom(status, '<html>').code).toBe(code)
  })
})

describe('asProblem', () => {
  it('takes a failed fetch for a missing line', () => {
    expect(asProblem(new TypeError('Failed to fetch'))).toMatchObject({ code: 'offline', status: 0 })
  })

  it('leaves a problem as it is', () => {
    const problem = new ApiProblem('x', 400, '', '')
    expect(asProblem(problem)).toBe(problem)
  })

  it('takes anything else for a fault of ours', () => {
    expect(asProblem('boom').code).toBe('internal')
  })
})

it('tells passing troubles from lasting ones', () => {
  const passing = (status: number) => isPassing(new ApiProblem('x', status, '', ''))
  expect([0, 429, 500, 503].filter(passing)).toEqual([0, 429, 500, 503])
  expect([401, 404, 409].filter(passing)).toEqual([])
})
