import { describe, expect, it } from 'vitest'
import type { Room, Status } from './api'
import { nextAct } from './next-act'

type Rights = Room['me']['rights']

const room = (rights: Rights, state: Room['meeting']['state'] = 'closed'): Pick<Room, 'me' | 'meeting'> =>
  ({ me: { role: 'member', rights, ballots: {} }, meeting: { state } }) as unknown as Room

const SECRETARY: Rights = ['write_minutes', 'sign_as_secretary', 'read_minutes']
const CHAIR: Rights = ['sign_as_chair', 'read_minutes']

const status = (state: Status['state'], ...signed: ('secretary' | 'chair')[]): Status => ({
  state,
  version: 1,
  sha256: null,
  signatures: signed.map(role => ({ role, name: 'A', signed_at: '2026-01-01T00:00:00Z' })),
})

describe('the next step of the minutes', () => {
  it('is nothing before the meeting is closed', () => {
    expect(nextAct(room(SECRETARY, 'open'), status('none'))).toBeNull()
  })

  it('walks the secretary from compiling to the signature', () => {
    expect(nextAct(room(SECRETARY), status('none'))).toBe('compile')
    expect(nextAct(room(SECRETARY), status('draft'))).toBe('lock')
    expect(nextAct(room(SECRETARY), status('locked'))).toBe('sign')
    expect(nextAct(room(SECRETARY), status('locked', 'secretary'))).toBe('wait-chair')
    expect(nextAct(room(SECRETARY), status('signed', 'secretary', 'chair'))).toBeNull()
  })

  it('lets the chair sign after the secretary only', () => {
    expect(nextAct(room(CHAIR), status('none'))).toBeNull()
    expect(nextAct(room(CHAIR), status('draft'))).toBeNull()
    expect(nextAct(room(CHAIR), status('locked'))).toBe('wait-secretary')
    expect(nextAct(room(CHAIR), status('locked', 'secretary'))).toBe('sign')
  })
})
