import { describe, expect, it } from 'vitest'
import type { Room } from '@/shared/room-types'
import { roomOf, turn } from '@/shared/test/room'
import { cameraCheck, lineCheck, microphoneCheck, SPEECH_LEVEL } from './checks'
import { airOf, handOf, phaseOf, untilStart } from './stage'

const ME = 'bridge-1'
const own: Room['bridges'][number] = {
  bridge_id: ME,
  name: 'Xã Nga Thắng',
  code: 'TH-1',
  role: 'commune_bridge',
  checked_in_at: null,
  left_at: null,
  heads: null,
}
const room = (meeting: Partial<Room['meeting']>, turns: Room['turns'] = []): Room =>
  roomOf('commune_bridge', { bridges: [own], turns }, meeting)

describe('phaseOf', () => {
  it.each([
    ['holding', { state: 'convened' }],
    ['programme', { state: 'convened', on_air_bridge_id: 'centre' }],
    ['programme', { state: 'convened', stand_by_bridge_id: ME }],
    ['holding', { state: 'convened', stand_by_bridge_id: 'other' }],
    ['programme', { state: 'open' }],
    ['ended', { state: 'closed' }],
  ] as const)('%s', (phase, meeting) => {
    expect(phaseOf(room(meeting))).toBe(phase)
  })
})

it('knows whether this bridge sends', () => {
  expect(airOf(room({ on_air_bridge_id: ME }), ME)).toBe('on-air')
  expect(airOf(room({ stand_by_bridge_id: ME }), ME)).toBe('stand-by')
  expect(airOf(room({ on_air_bridge_id: 'other', stand_by_bridge_id: 'third' }), ME)).toBe('off')
})

describe('handOf', () => {
  const other = turn('t0', 'bridge-0', 'Xã khác', { asked_at: '2026-03-12T07:00:00Z' })
  const mine = turn('t1', ME, 'Xã', { speaker_kind: 'bridge', asked_at: '2026-03-12T07:01:00Z' })

  it('is down, and may be raised once the meeting is open', () => {
    expect(handOf(room({ state: 'open' }, [other]), ME)).toEqual({ state: 'down', allowed: true })
    expect(handOf(room({ state: 'convened' }), ME)).toEqual({ state: 'down', allowed: false })
  })
  it('waits at its place in the line', () => {
    expect(handOf(room({}, [mine, other]), ME)).toEqual({ state: 'waiting', turn_id: 't1', place: 2 })
  })
  it('speaks, and is down again afterwards', () => {
    expect(handOf(room({}, [{ ...mine, state: 'speaking' }]), ME)).toMatchObject({ state: 'speaking' })
    expect(handOf(room({}, [{ ...mine, state: 'done' }]), ME)).toMatchObject({ state: 'down' })
  })
})

it('counts down to the start and then says that the time has come', () => {
  const start = '2026-03-12T07:00:00Z'
  expect(untilStart(start, Date.parse('2026-03-11T06:59:50Z'))).toEqual({ days: 1, seconds: 10 })
  expect(untilStart(start, Date.parse('2026-03-12T06:35:50.4Z'))).toEqual({ days: 0, seconds: 24 * 60 + 9 })
  expect(untilStart(start, Date.parse(start))).toBeNull()
})

it('the test passes only on facts', () => {
  expect(cameraCheck('on')).toBe('ok')
  expect(cameraCheck('refused')).toBe('bad')
  expect(microphoneCheck('on', 0)).toBe('wait')
  expect(microphoneCheck('on', SPEECH_LEVEL)).toBe('ok')
  expect(microphoneCheck('off', 1)).toBe('bad')
  const link = {
    name: 'main',
    direction: 'in',
    state: 'connecting',
    sessions: 1,
    trouble: null,
    stats: null,
  } as const
  expect(lineCheck(link)).toBe('wait')
  expect(lineCheck({ ...link, trouble: 'no-answer' })).toBe('bad')
  expect(lineCheck({ ...link, state: 'connected' })).toBe('ok')
})
