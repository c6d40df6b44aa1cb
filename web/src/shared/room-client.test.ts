import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiProblem } from './api/problem'
import { ClockOffset } from './clock-offset'
import type { Entered, FeedEars, JournalNews, MovedNews } from './feed'
import { memoryOutbox, type Outbox } from './outbox'
import type { RoomApi } from './room-api'
import { RoomClient, type RoomMemory } from './room-client'
import { applyAll } from './room-state'
import type { Command, Done, Entry, Event, Room } from './room-types'
import { AT, entry, MEETING, MEMBER, poll, roomOf, turn } from './test/room'

/** A server of one meeting: a journal, a memory of keys, a line that can be cut. */
class Server {
  room: Room = roomOf('member')
  entries: Entry[] = []
  readonly done = new Map<string, Done>()
  readonly received: string[] = []
  readonly ballots: string[] = []
  cut = false
  /** Loses the answer after the work is done: the worst kind of cut. */
  loseAnswers = 0
  ears: FeedEars | null = null
  entered = 0
  refusal: ApiProblem | null = null

  private asked<T>(
    work: () => T,
  ): Promise<{ value: T; asked_at_ms: number; answered_at_ms: number; server_at_ms: number }> {
    if (this.cut) return Promise.reject(new TypeError('Failed to fetch'))
    const value = work()
    if (this.loseAnswers > 0) {
      this.loseAnswers -= 1
      return Promise.reject(new TypeError('Failed to fetch'))
    }
    const now = Date.now()
    return Promise.resolve({ value, asked_at_ms: now, answered_at_ms: now, server_at_ms: now })
  }

  api: RoomApi = {
    room: () => this.asked(() => applyAll(this.room, this.entries, this.room.seq)),
    journal: (_, after) =>
      this.asked(() => {
        const entries = this.entries.filter(one => one.seq > after).slice(0, 2)
        const last = this.entries.at(-1)?.seq ?? this.room.seq
        return { after, upto: entries.at(-1)?.seq ?? last, last, entries }
      }),
    turnout: () => this.asked(() => ({ cast: this.ballots.length, entitled: 3 })),
    send: (_, command, key) =>
      this.asked(() => {
        this.received.push(key)
        if (this.refusal) throw this.refusal
        const before = this.done.get(key)
        if (before) return before
        const done = { seq: this.do(command), at: AT, id: null }
        this.done.set(key, done)
        return done
      }),
  }

  private do(command: Command): number {
    if (command.kind === 'cast_ballot') this.ballots.push(command.choice)
    if (command.kind === 'ask_floor')
      return this.write({ kind: 'floor.asked', turn: turn('t', MEMBER, 'Hoa') })
    if (command.kind === 'lead_to')
      return this.write({ kind: 'lead.moved', paper_id: command.paper_id, page: command.page })
    return this.entries.at(-1)?.seq ?? this.room.seq
  }

  write(event: Event): number {
    const seq = (this.entries.at(-1)?.seq ?? this.room.seq) + 1
    this.entries.push(entry(seq, event))
    return seq
  }

  tell(after: number): void {
    const entries = this.entries.filter(one => one.seq > after)
    this.ears?.journal({
      meeting_id: MEETING,
      after,
      upto: entries.at(-1)?.seq ?? after,
      entries,
    } satisfies JournalNews)
  }
}

let server: Server
let outbox: Outbox
let memory: RoomMemory & { kept: Room | null }
let clients: RoomClient[]

function connect(): RoomClient {
  let keys = clients.length * 100
  const client = new RoomClient(MEETING, MEMBER, {
    api: server.api,
    outbox,
    memory,
    moved: news => void moved.push(news),
    newKey: () => `key-${++keys}`,
    random: () => 0.5,
    now_ms: Date.now,
    device: null,
    openFeed: ears => {
      server.ears = ears
      queueMicrotask(() => {
        if (!server.cut) ears.up()
      })
      return {
        enter: async (): Promise<Entered> => {
          server.entered += 1
          return { ok: true, seq: server.entries.at(-1)?.seq ?? server.room.seq }
        },
        leave: () => undefined,
        nudge: () => undefined,
        close: () => undefined,
      }
    },
  })
  clients.push(client)
  client.start()
  return client
}

let moved: MovedNews[] = []

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(10)

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse(AT) })
  server = new Server()
  outbox = memoryOutbox()
  memory = {
    kept: null,
    lastRoom: async () => memory.kept,
    remember: async (_, room) => {
      memory.kept = room
    },
  }
  clients = []
  moved = []
})

afterEach(() => {
  for (const client of clients) client.stop()
  vi.useRealTimers()
})

it('passes on that picture and sound of this meeting come from elsewhere', async () => {
  connect()
  await settle()
  const news = { relay: 'aa', within_s: 0.5, sources: true, ask: false }
  server.ears?.moved({ meeting_id: 'another', ...news })
  server.ears?.moved({ meeting_id: MEETING, ...news })
  expect(moved).toEqual([{ meeting_id: MEETING, ...news }])
})

it('keeps the relay’s word of the programme as it is sent here', async () => {
  const client = connect()
  await settle()
  expect(client.view.word).toEqual({ rendition: null, picture: null })
  server.ears?.line({ meeting_id: MEETING, rendition: 'audio' })
  server.ears?.picture({ meeting_id: MEETING, state: 'off' })
  server.ears?.line({ meeting_id: 'another', rendition: 'full' })
  server.ears?.picture({ meeting_id: 'another', state: 'shown' })
  expect(client.view.word).toEqual({ rendition: 'audio', picture: 'off' })
  server.ears?.line({ meeting_id: MEETING, rendition: null })
  expect(client.view.word).toEqual({ rendition: null, picture: 'off' })
})

describe('following the journal', () => {
  it('loads the room, enters the feed and says that the line is good', async () => {
    const client = connect()
    await settle()
    expect(client.view.room?.seq).toBe(10)
    expect([client.view.line, server.entered]).toEqual(['good', 1])
  })

  it('applies news in order and never twice', async () => {
    const client = connect()
    await settle()
    server.write({ kind: 'floor.asked', turn: turn('t1', MEMBER, 'Hoa') })
    server.tell(10)
    server.tell(10)
    expect(client.view.room?.turns).toHaveLength(1)
    expect(client.view.room?.seq).toBe(11)
  })

  it('asks the journal for a gap, page by page', async () => {
    const client = connect()
    await settle()
    for (let n = 1; n <= 5; n++) server.write({ kind: 'floor.asked', turn: turn(`t${n}`, `s${n}`, 'Ai') })
    server.tell(14) // 11 to 14 were lost
    await settle()
    expect(client.view.room?.turns.map(one => one.id)).toEqual(['t1', 't2', 't3', 't4', 't5'])
    expect(client.view.room?.seq).toBe(15)
  })

  it('notices within two seconds that the feed lost what its own command made', async () => {
    const client = connect()
    await settle()
    void client.send({ kind: 'ask_floor' })
    await vi.advanceTimersByTimeAsync(2_000)
    expect(client.view.room?.turns).toHaveLength(1)
  })

  it('follows over HTTP while the feed is down', async () => {
    const client = connect()
    await settle()
    server.ears?.down()
    server.write({ kind: 'item.started', item_id: 'i1' })
    await vi.advanceTimersByTimeAsync(12_000)
    expect(client.view.room?.meeting.current_item_id).toBe('i1')
  })

  it('says reconnecting at once and offline after a while, then good again', async () => {
    const client = connect()
    await settle()
    server.ears?.down()
    expect(client.view.line).toBe('reconnecting')
    await vi.advanceTimersByTimeAsync(15_000)
    expect(client.view.line).toBe('offline')
    server.ears?.up()
    await settle()
    expect(client.view.line).toBe('good')
  })
})

describe('sending', () => {
  const ballot = { kind: 'cast_ballot', poll_id: 'p1', choice: 'for' } as const

  beforeEach(() => {
    server.room = roomOf('member', {
      polls: [poll('p1', 'Thông qua?', { state: 'open', entitled: [MEMBER] })],
    })
  })

  it('records a ballot once when the answer to it is lost', async () => {
    const client = connect()
    await settle()
    server.loseAnswers = 1
    const sent = client.send(ballot)
    await settle()
    expect(client.view.kept).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(3_000)
    await sent
    expect(server.received).toHaveLength(2)
    expect(new Set(server.received).size).toBe(1)
    expect(server.ballots).toEqual(['for'])
    expect(client.view.room?.me.ballots).toEqual({ p1: 'for' })
    expect(client.view.recorded['cast_ballot:p1']).toBe(AT)
    expect(client.view.kept).toEqual([])
  })

  it('keeps a ballot through ten seconds without a line', async () => {
    const client = connect()
    await settle()
    server.cut = true
    server.ears?.down()
    const sent = client.send(ballot)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(client.view.kept.map(one => one.command)).toEqual([ballot])
    server.cut = false
    server.ears?.up()
    await vi.advanceTimersByTimeAsync(100)
    await sent
    expect(server.ballots).toEqual(['for'])
  })

  it('sends after a reload what was kept before it, under the same key', async () => {
    const client = connect()
    await settle()
    server.loseAnswers = 1 // recorded, but this tablet never hears of it
    client.send(ballot).catch(() => undefined)
    await settle()
    client.stop()
    const again = connect()
    await vi.advanceTimersByTimeAsync(100)
    expect(server.ballots).toEqual(['for'])
    expect(new Set(server.received).size).toBe(1)
    expect(again.view.kept).toEqual([])
    expect(await outbox.waiting(MEMBER, MEETING)).toEqual([])
  })

  it('keeps the order of two choices', async () => {
    const client = connect()
    await settle()
    server.cut = true
    void client.send(ballot)
    void client.send({ ...ballot, choice: 'against' })
    await settle()
    server.cut = false
    await vi.advanceTimersByTimeAsync(3_000)
    expect(server.ballots).toEqual(['for', 'against'])
    expect(client.view.room?.me.ballots.p1).toBe('against')
  })

  it('gives a refusal back and does not try again', async () => {
    const client = connect()
    await settle()
    server.refusal = new ApiProblem('poll-is-closed', 409, '', '')
    await expect(client.send(ballot)).rejects.toMatchObject({ code: 'poll-is-closed' })
    expect(server.received).toHaveLength(1)
    expect(await outbox.waiting(MEMBER, MEETING)).toEqual([])
  })

  it('gives a lever back when the line stays away', async () => {
    const client = connect()
    await settle()
    server.cut = true
    const opened = expect(client.send({ kind: 'open_poll', poll_id: 'p1' })).rejects.toMatchObject({
      code: 'offline',
    })
    await vi.advanceTimersByTimeAsync(40_000)
    await opened
    expect(await outbox.waiting(MEMBER, MEETING)).toEqual([])
  })

  it('sends only the last of the pages turned while the line was slow', async () => {
    const client = connect()
    await settle()
    const pages = [2, 3, 4, 5].map(page => client.send({ kind: 'lead_to', paper_id: 'x', page }))
    await Promise.all(pages)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(client.view.room?.meeting.lead).toEqual({ paper_id: 'x', page: 5 })
    expect(server.received).toHaveLength(2)
  })
})

describe('a start without a line', () => {
  it('shows the room this device remembers and applies nothing to it until the line is back', async () => {
    const before = connect()
    await settle()
    await vi.advanceTimersByTimeAsync(4_000)
    expect(memory.kept?.seq).toBe(10)
    before.stop()

    memory.kept = roomOf('member', { seq: 10, papers: [] })
    server.cut = true
    const client = connect()
    await settle()
    expect(client.view.room?.seq).toBe(10)
    server.write({ kind: 'floor.asked', turn: turn('t1', MEMBER, 'Hoa') })
    server.tell(10)
    expect(client.view.room?.turns).toHaveLength(0)

    server.cut = false
    await vi.advanceTimersByTimeAsync(20_000)
    expect(client.view.room?.seq).toBe(11)
    expect(client.view.room?.turns).toHaveLength(1)
    expect(client.view.problem).toBeNull()
  })

  it('waits for the session to be asked for anew', async () => {
    let refused = 2
    const room = server.api.room
    server.api = {
      ...server.api,
      room: id => (refused-- > 0 ? Promise.reject(new ApiProblem('not-signed-in', 401, '', '')) : room(id)),
    }
    const client = connect()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(client.view.room?.seq).toBe(10)
  })
})

describe('the clock', () => {
  it('narrows the offset with every answer and starts anew when a clock was set', () => {
    const offset = new ClockOffset()
    expect(offset.estimate_ms).toBeNull()
    offset.answered(5_000, 0, 400, 1_000) // between 4,600 and 6,000
    expect(offset.estimate_ms).toBe(5_300)
    offset.answered(5_150, 100, 200) // between 4,950 and 5,050
    expect(offset.estimate_ms).toBe(5_000)
    offset.arrived(5_290, 300) // at least 4,990
    expect(offset.estimate_ms).toBe(5_020)
    offset.answered(1_000, 0, 100)
    expect(offset.estimate_ms).toBe(950)
  })
})
