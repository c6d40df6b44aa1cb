// A meeting to test with, as the server would send it. For tests only.
import type { AgendaItem, Attendant, Entry, Event, Poll, Role, Room, Turn } from '@/shared/room-types'

export const MEETING = '0193f000-0000-7000-8000-000000000001'
export const CHAIR = '0193f000-0000-7000-8000-0000000000c1'
export const SECRETARY = '0193f000-0000-7000-8000-0000000000c2'
export const MEMBER = '0193f000-0000-7000-8000-0000000000c3'
export const OTHER = '0193f000-0000-7000-8000-0000000000c4'
export const AT = '2026-03-12T07:00:00.000000Z'

const RIGHTS: Partial<Record<Role, Room['me']['rights']>> = {
  chair: [
    'ask_floor',
    'check_in',
    'check_in_others',
    'direct',
    'play_recordings',
    'prepare_polls',
    'preside',
    'project',
    'read_minutes',
    'see',
    'see_bridges',
    'see_draft',
    'sign_as_chair',
    'vote',
    'watch',
  ],
  member: ['ask_floor', 'check_in', 'read_minutes', 'see', 'vote', 'watch'],
}

export const person = (
  person_id: string,
  name: string,
  role: Role,
  change: Partial<Attendant> = {},
): Attendant => ({
  person_id,
  name,
  position: '',
  role,
  state: 'expected',
  checked_in_at: null,
  left_at: null,
  excuse: '',
  ...change,
})

export const item = (
  id: string,
  position: number,
  title: string,
  change: Partial<AgendaItem> = {},
): AgendaItem => ({
  id,
  parent_id: null,
  position,
  title,
  presenter: '',
  planned_min: null,
  state: 'pending',
  started_at: null,
  ended_at: null,
  ...change,
})

export const turn = (id: string, speaker_id: string, name: string, change: Partial<Turn> = {}): Turn => ({
  id,
  speaker_kind: 'person',
  speaker_id,
  name,
  item_id: null,
  state: 'waiting',
  asked_at: AT,
  started_at: null,
  limit_s: null,
  ended_at: null,
  ...change,
})

export const poll = (id: string, question: string, change: Partial<Poll> = {}): Poll => ({
  id,
  item_id: null,
  question,
  rule: {
    base: 'members_in_office',
    threshold: { numerator: 1, denominator: 2, strict: true },
    changeable: true,
  },
  state: 'prepared',
  opened_at: null,
  closed_at: null,
  entitled: [],
  frozen: null,
  tally: null,
  ...change,
})

export function roomOf(role: Role, change: Partial<Room> = {}, meeting: Partial<Room['meeting']> = {}): Room {
  return {
    seq: 10,
    meeting: {
      id: MEETING,
      organisation_id: '0193f000-0000-7000-8000-0000000000a0',
      details: {
        title: 'Hội nghị Ban Thường vụ',
        kind: 'meeting',
        body_name: 'Ban Thường vụ',
        place: 'Phòng họp số 1',
        starts_at: AT,
        ends_at: null,
        members_in_office: null,
        quorum: { numerator: 2, denominator: 3, strict: false },
      },
      state: 'open',
      opened_at: AT,
      closed_at: null,
      current_item_id: null,
      lead: null,
      stand_by_bridge_id: null,
      on_air_bridge_id: null,
      recording_since: null,
      last_seq: 10,
      last_hash: 'a'.repeat(64),
      ...meeting,
    },
    agenda: [item('i1', 0, 'Khai mạc'), item('i2', 1, 'Báo cáo'), item('i3', 2, 'Kết luận')],
    papers: [],
    attendants: [
      person(SECRETARY, 'Lê Thu', 'secretary'),
      person(CHAIR, 'Trần Văn Minh', 'chair', { state: 'present', checked_in_at: AT }),
      person(MEMBER, 'Nguyễn Thị Hoa', 'member', { state: 'present', checked_in_at: AT }),
      person(OTHER, 'Phạm Văn Đức', 'member'),
    ],
    bridges: [],
    turns: [],
    polls: [],
    minutes: { state: 'none', version: 0, sha256: null, signatures: [] },
    me: { role, rights: RIGHTS[role] ?? ['ask_floor', 'check_in', 'see'], ballots: {} },
    ...change,
  }
}

export const entry = (seq: number, event: Event, at = AT): Entry => ({
  seq,
  at,
  actor: { kind: 'person', id: CHAIR, name: 'Trần Văn Minh' },
  event,
  hash: String(seq).padStart(64, '0'),
})
