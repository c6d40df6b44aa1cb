import { describe, expect, it } from 'vitest'
import type { MeetingCard } from './api'
import { obviousAct, order } from './order'

const meeting = (change: Partial<MeetingCard>): MeetingCard => ({
  id: 'm',
  title: 'Họp',
  kind: 'meeting',
  place: '',
  starts_at: '2026-03-12T07:00:00Z',
  state: 'convened',
  role: 'member',
  opened_at: null,
  closed_at: null,
  minutes_state: 'none',
  ...change,
})

describe('order', () => {
  it('puts the open meeting first, whatever is nearer', () => {
    const open = meeting({ id: 'open', state: 'open', starts_at: '2026-03-20T07:00:00Z' })
    const soon = meeting({ id: 'soon' })
    expect(order([soon, open])).toEqual({ next: open, upcoming: [soon], past: [] })
  })

  it('then the next one with invitations, then drafts; past ones the latest first', () => {
    const draft = meeting({ id: 'draft', state: 'draft', starts_at: '2026-03-01T07:00:00Z' })
    const later = meeting({ id: 'later', starts_at: '2026-03-14T07:00:00Z' })
    const sooner = meeting({ id: 'sooner' })
    const old = meeting({ id: 'old', state: 'closed', starts_at: '2026-01-01T07:00:00Z' })
    const older = meeting({ id: 'older', state: 'closed', starts_at: '2025-01-01T07:00:00Z' })
    const ordered = order([older, later, draft, old, sooner])
    expect(ordered.next?.id).toBe('sooner')
    expect(ordered.upcoming.map(one => one.id)).toEqual(['draft', 'later'])
    expect(ordered.past.map(one => one.id)).toEqual(['old', 'older'])
  })

  it('has nothing to say about nothing', () => {
    expect(order([])).toEqual({ next: null, upcoming: [], past: [] })
  })
})

describe('obviousAct', () => {
  it.each<[Partial<MeetingCard>, string, string]>([
    [{ state: 'open', role: 'member' }, 'enter', '/meetings/m'],
    [{ state: 'convened', role: 'member' }, 'read', '/meetings/m'],
    [{ state: 'convened', role: 'chair' }, 'enter', '/meetings/m'],
    [{ state: 'convened', role: 'secretary' }, 'prepare', '/meetings/m/prepare'],
    [{ state: 'draft', role: 'secretary' }, 'prepare', '/meetings/m/prepare'],
    [{ state: 'closed', role: 'secretary', minutes_state: 'none' }, 'writeMinutes', '/meetings/m/minutes'],
    [{ state: 'closed', role: 'chair', minutes_state: 'locked' }, 'signMinutes', '/meetings/m/minutes'],
    [{ state: 'closed', role: 'member', minutes_state: 'locked' }, 'readMinutes', '/meetings/m/minutes'],
    [{ state: 'closed', role: 'member', minutes_state: 'draft' }, 'readRoom', '/meetings/m'],
    [{ state: 'open', role: 'central_bridge' }, 'desk', '/meetings/m/desk'],
    [{ state: 'convened', role: 'commune_bridge' }, 'bridge', '/meetings/m/bridge'],
  ])('%o → %s', (change, name, to) => {
    expect(obviousAct(meeting(change))).toEqual({ name, to })
  })
})
