import { act, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { setServerTime } from '@/shared/clock'
import { renderInApp } from '@/shared/test/render'
import { serve } from '@/shared/test/serve'
import { Countdown, TimerRing } from './timer-ring'

const START = Date.parse('2026-03-12T07:00:00Z')

beforeEach(() => {
  serve({ 'POST /api/session/refresh': [401, null] })
  vi.useFakeTimers({ now: START })
  setServerTime(START)
})
afterEach(() => {
  vi.useRealTimers()
  setServerTime(Date.now())
})

const pass = (ms: number) => act(() => vi.advanceTimersByTime(ms))

it('counts down, warns, and then counts what is over', () => {
  renderInApp(<Countdown endsAt={START + 60_000} />)
  const timer = screen.getByRole('timer')
  expect(timer).toHaveTextContent('01:00')
  pass(30_000)
  expect(timer).toHaveTextContent('00:30')
  expect(timer).toHaveAttribute('data-state', 'near')
  pass(35_000)
  expect(timer).toHaveTextContent('+00:05')
  expect(timer).toHaveAccessibleName('Quá 00:05')
})

it('goes by the server’s clock, not the tablet’s', () => {
  setServerTime(START + 20_000) // the tablet is 20 s slow
  renderInApp(<TimerRing startedAt={START} limit_s={180} />)
  expect(screen.getByRole('timer')).toHaveTextContent('02:40')
})
