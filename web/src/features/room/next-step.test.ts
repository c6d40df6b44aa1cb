import { describe, expect, it } from 'vitest'
import { CHAIR, item, MEMBER, poll, roomOf, SECRETARY, turn } from '@/shared/test/room'
import { nextStep, otherStep } from './next-step'

const agenda = [item('i1', 0, 'Một', { state: 'current' }), item('i2', 1, 'Hai'), item('i3', 2, 'Ba')]
const at = { current_item_id: 'i1' }
const signature = (role: 'secretary' | 'chair') => ({ role, name: '', signed_at: '2026-03-12T09:00:00Z' })

describe('what is expected of the chair', () => {
  it('opens, starts, goes on, closes', () => {
    expect(nextStep(roomOf('chair', {}, { state: 'convened' }), CHAIR).kind).toBe('open')
    expect(nextStep(roomOf('chair'), CHAIR)).toMatchObject({ kind: 'start', item: { number: '1' } })
    expect(nextStep(roomOf('chair', { agenda }, at), CHAIR)).toMatchObject({
      kind: 'finish',
      item: { number: '1' },
      next: { number: '2' },
    })
    const last = agenda.map(one => ({
      ...one,
      state: one.id === 'i3' ? ('current' as const) : ('done' as const),
    }))
    expect(nextStep(roomOf('chair', { agenda: last }, { current_item_id: 'i3' }), CHAIR)).toMatchObject({
      kind: 'finish',
      next: null,
    })
    const done = agenda.map(one => ({ ...one, state: 'done' as const }))
    expect(nextStep(roomOf('chair', { agenda: done }), CHAIR).kind).toBe('close')
  })

  it('puts the prepared vote of the item first and leaves the way on beside it', () => {
    const room = roomOf('chair', { agenda, polls: [poll('p', '?', { item_id: 'i1' })] }, at)
    expect(nextStep(room, CHAIR)).toMatchObject({ kind: 'open_poll', poll: { id: 'p' } })
    expect(otherStep(room)).toMatchObject({ kind: 'finish', next: { number: '2' } })
  })

  it('has nothing beside closing an open vote', () => {
    const room = roomOf('chair', { agenda, polls: [poll('p', '?', { item_id: 'i1', state: 'open' })] }, at)
    expect(nextStep(room, CHAIR).kind).toBe('close_poll')
    expect(otherStep(room)).toBeNull()
  })
})

describe('what is expected of a member', () => {
  it('checks in, asks, waits, finishes', () => {
    const absent = roomOf('member')
    absent.attendants = absent.attendants.map(one => ({ ...one, state: 'expected' }))
    expect(nextStep(absent, MEMBER).kind).toBe('check_in')
    expect(nextStep(roomOf('member'), MEMBER).kind).toBe('ask_floor')
    const waits = roomOf('member', { turns: [turn('t', MEMBER, 'Hoa')] })
    expect(nextStep(waits, MEMBER)).toMatchObject({ kind: 'withdraw', turn: { id: 't' } })
    const speaks = roomOf('member', { turns: [turn('t', MEMBER, 'Hoa', { state: 'speaking' })] })
    expect(nextStep(speaks, MEMBER).kind).toBe('finish_speaking')
  })
})

describe('after the meeting', () => {
  const closed = (
    role: 'chair' | 'secretary' | 'member',
    minutes: Partial<ReturnType<typeof roomOf>['minutes']>,
  ) => {
    const room = roomOf(role, {}, { state: 'closed' })
    if (role === 'secretary') room.me.rights = ['see', 'write_minutes', 'sign_as_secretary', 'read_minutes']
    return { ...room, minutes: { ...room.minutes, ...minutes } }
  }

  it('the secretary writes and signs, then the chair signs, then all read', () => {
    expect(nextStep(closed('secretary', {}), SECRETARY)).toMatchObject({ act: 'write_minutes' })
    expect(nextStep(closed('chair', {}), CHAIR).kind).toBe('wait')
    expect(nextStep(closed('secretary', { state: 'locked' }), SECRETARY)).toMatchObject({
      act: 'sign_minutes',
    })
    expect(nextStep(closed('chair', { state: 'locked' }), CHAIR)).toMatchObject({ act: 'read_minutes' })
    const half = { state: 'locked' as const, signatures: [signature('secretary')] }
    expect(nextStep(closed('chair', half), CHAIR)).toMatchObject({ act: 'sign_minutes' })
    const full = { state: 'signed' as const, signatures: [signature('secretary'), signature('chair')] }
    expect(nextStep(closed('member', full), MEMBER)).toMatchObject({ act: 'read_minutes' })
  })
})
