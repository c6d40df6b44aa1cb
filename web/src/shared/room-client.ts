// One meeting, kept current on this device: loads the room, follows the journal without a gap, and sends commands
// exactly once however bad the line. It knows neither React nor the page; screens read `store` and call `send`.
//
// Entries come in order or not at all: news that leaves a gap makes the client ask the journal for what is missing.
// There is no second way to change the room: what this person does returns as entries too. Only a ballot's choice,
// which the journal never tells, is kept from the command itself.
import { createStore, type StoreApi } from 'zustand/vanilla'
import { type ApiProblem, asProblem, isPassing } from './api/problem'
import { setServerTime } from './clock'
import { ClockOffset } from './clock-offset'
import { lastRoom, remember } from './device-memory'
import { type Feed, type JournalNews, type MovedNews, type OpenFeed, openFeed } from './feed'
import { deviceOutbox, type KeptCommand, type Outbox } from './outbox'
import { movedAway } from './peer'
import { type RelayWord, UNTOLD } from './peer-stats'
import { type RoomApi, roomApi, type Timed } from './room-api'
import { applyAll } from './room-state'
import type { BridgePresence, Choice, Command, Done, Room, Turnout } from './room-types'
import { openPoll } from './room-views'

/** In words on the screen: good; lost a moment ago and being mended; lost for long or no network at all. */
export type LineState = 'connecting' | 'good' | 'reconnecting' | 'offline'

export interface RoomView {
  readonly meeting_id: string
  readonly room: Room | null
  /** Why there is no room; it is asked for again by itself while that can help. */
  readonly problem: ApiProblem | null
  readonly line: LineState
  /** Sent or to be sent, not answered yet; oldest first. */
  readonly kept: readonly KeptCommand[]
  /** When the server recorded the last act of a kind on a thing, by `actOf`. */
  readonly recorded: Readonly<Record<string, string>>
  readonly turnout: Readonly<Record<string, Turnout>>
  /** Operators only: what the feed told since we entered. */
  readonly bridges: Readonly<Record<string, BridgePresence>>
  readonly people_online: number | null
  /** What the relay says of the programme as it is sent here. */
  readonly word: RelayWord
}

/** The room as this device last saw it, for a start without a line. */
export interface RoomMemory {
  lastRoom(actor_id: string, meeting_id: string): Promise<Room | null>
  remember(actor_id: string, room: Room): Promise<void>
}

/** What a client needs of the world; given so that tests need no network. */
export interface RoomWorld {
  readonly api: RoomApi
  readonly outbox: Outbox
  readonly openFeed: OpenFeed
  readonly memory: RoomMemory
  /** Picture and sound come from elsewhere. */
  moved(news: MovedNews): void
  newKey(): string
  /** 0 to 1. */
  random(): number
  now_ms(): number
  /** The device's 'online' and 'offline'; absent in tests. */
  readonly device: EventTarget | null
}

const browserWorld = (): RoomWorld => ({
  api: roomApi,
  outbox: deviceOutbox(),
  openFeed,
  memory: { lastRoom, remember: (actor_id, room) => remember('room', { actor_id, room }) },
  moved: movedAway,
  newKey: () => crypto.randomUUID(),
  random: Math.random,
  now_ms: Date.now,
  device: globalThis,
})

/**
 * Acts that keep their sense however late they arrive. The others are levers of the moment ("open the vote"): they
 * are tried for a short while and then given back, because nobody wants one to fire half an hour later.
 */
const LASTING: ReadonlySet<Command['kind']> = new Set([
  'check_in',
  'check_out',
  'excuse',
  'report_heads',
  'ask_floor',
  'withdraw_floor',
  'cast_ballot',
])
const LEVER_LASTS_MS = 20_000
const OFFLINE_AFTER_MS = 15_000
const CATCH_UP_AFTER_MS = 1_500
const POLL_EVERY_MS = 5_000
const REMEMBER_AFTER_MS = 3_000

/** The key of `recorded`: "cast_ballot:<poll>", "check_in:", … */
export function actOf(command: Command): string {
  const about = 'poll_id' in command ? command.poll_id : 'turn_id' in command ? command.turn_id : ''
  return `${command.kind}:${about}`
}

interface Waiting extends KeptCommand {
  settle?: { resolve(done: Done): void; reject(problem: ApiProblem): void }
}

export class RoomClient {
  readonly store: StoreApi<RoomView>
  private readonly world: RoomWorld
  private readonly offset = new ClockOffset()
  private feed: Feed | null = null
  private up = false
  private running = false
  /** What is shown is the device's memory: to read, never to apply news to. */
  private remembered = false
  private remembering = false
  private queue: Waiting[] = []
  private pumping = false
  private wake: (() => void) | null = null
  private catching: Promise<void> | null = null
  private catchAgain = false
  private readonly timers = new Set<ReturnType<typeof setTimeout>>()
  private offlineTimer: ReturnType<typeof setTimeout> | undefined

  constructor(
    readonly meeting_id: string,
    readonly actor_id: string,
    world: Partial<RoomWorld> = {},
  ) {
    this.world = { ...browserWorld(), ...world }
    this.store = createStore<RoomView>(() => ({
      meeting_id,
      room: null,
      problem: null,
      line: 'connecting',
      kept: [],
      recorded: {},
      turnout: {},
      bridges: {},
      people_online: null,
      word: UNTOLD,
    }))
  }

  get view(): RoomView {
    return this.store.getState()
  }

  start(): void {
    if (this.running) return
    this.running = true
    this.world.device?.addEventListener('online', this.onOnline)
    this.world.device?.addEventListener('offline', this.onOffline)
    void this.recall()
    void this.load()
    this.feed = this.world.openFeed({
      up: this.onUp,
      down: this.onDown,
      journal: this.onJournal,
      turnout: ({ meeting_id, poll_id, cast, entitled }) => {
        if (meeting_id === this.meeting_id) this.putTurnout(poll_id, { cast, entitled })
      },
      presence: ({ meeting_id, bridges }) => {
        if (meeting_id !== this.meeting_id) return
        const told = Object.fromEntries(bridges.map(one => [one.bridge_id, one]))
        this.store.setState(view => ({ bridges: { ...view.bridges, ...told } }))
      },
      present: ({ meeting_id, online }) => {
        if (meeting_id === this.meeting_id) this.store.setState({ people_online: online })
      },
      line: ({ meeting_id, rendition }) => {
        if (meeting_id === this.meeting_id)
          this.store.setState(({ word }) => ({ word: { ...word, rendition } }))
      },
      picture: ({ meeting_id, state }) => {
        if (meeting_id === this.meeting_id)
          this.store.setState(({ word }) => ({ word: { ...word, picture: state } }))
      },
      seat: ({ meeting_id }) => {
        if (meeting_id === this.meeting_id) void this.load()
      },
      moved: news => {
        if (news.meeting_id === this.meeting_id) this.world.moved(news)
      },
    })
    this.later(POLL_EVERY_MS, this.followWithoutFeed)
  }

  stop(): void {
    this.running = false
    this.world.device?.removeEventListener('online', this.onOnline)
    this.world.device?.removeEventListener('offline', this.onOffline)
    this.feed?.leave(this.meeting_id)
    this.feed?.close()
    this.feed = null
    this.up = false
    clearTimeout(this.offlineTimer)
    for (const timer of this.timers) clearTimeout(timer)
    this.timers.clear()
    this.remembering = false
    this.wake?.()
  }

  /**
   * Does `command` once. Resolves when the server has recorded it, which may be after the line is back; rejects
   * with `ApiProblem` when it was refused, or was a lever and the line did not come back in time.
   */
  send(command: Command): Promise<Done> {
    return new Promise((resolve, reject) => {
      const kept: Waiting = {
        key: this.world.newKey(),
        actor_id: this.actor_id,
        meeting_id: this.meeting_id,
        command,
        made_at_ms: this.world.now_ms(),
        settle: { resolve, reject },
      }
      this.supersede(kept)
      this.queue.push(kept)
      this.showQueue()
      if (LASTING.has(command.kind)) void this.world.outbox.keep(plainly(kept))
      void this.pump()
    })
  }

  /** Asks for the whole room anew. */
  async load(): Promise<void> {
    for (let tries = 0; this.running; tries++) {
      try {
        const answer = await this.world.api.room(this.meeting_id)
        this.heard(answer)
        const room = this.withOwnBallots(answer.value)
        // The feed may have been faster than this answer.
        if (this.remembered || room.seq >= (this.view.room?.seq ?? 0)) {
          this.remembered = false
          this.put(room)
          void this.world.memory.remember(this.actor_id, room)
        }
        this.store.setState({ problem: null })
        if (this.up) void this.enter()
        void this.askTurnout()
        return
      } catch (error) {
        const problem = asProblem(error)
        this.store.setState({ problem })
        // 401: the session is being asked for again, or this page is about to go.
        if (!isPassing(problem) && problem.status !== 401) {
          if (problem.status === 404 || problem.status === 403) this.store.setState({ room: null })
          return
        }
        await this.showRemembered()
        await this.pause(tries)
      }
    }
  }

  private async showRemembered(): Promise<void> {
    if (this.view.room !== null) return
    const room = await this.world.memory.lastRoom(this.actor_id, this.meeting_id)
    if (room === null || this.view.room !== null || !this.running) return
    this.remembered = true
    this.store.setState({ room })
  }

  // ── the line ──

  private readonly onUp = (): void => {
    this.up = true
    if (this.view.room !== null) void this.enter()
    this.wake?.()
  }

  private readonly onDown = (): void => {
    this.up = false
    if (this.view.line === 'good' || this.view.line === 'connecting') this.lineLost()
  }

  private lineLost(): void {
    const never = this.view.line === 'connecting'
    if (!never) this.store.setState({ line: 'reconnecting' })
    clearTimeout(this.offlineTimer)
    this.offlineTimer = setTimeout(() => this.store.setState({ line: 'offline' }), OFFLINE_AFTER_MS)
  }

  private readonly onOnline = (): void => {
    this.feed?.nudge()
    this.wake?.()
    if (this.view.line === 'offline') this.store.setState({ line: 'reconnecting' })
  }

  private readonly onOffline = (): void => {
    clearTimeout(this.offlineTimer)
    this.store.setState({ line: 'offline' })
  }

  private async enter(): Promise<void> {
    const { room } = this.view
    if (room === null || this.remembered || this.feed === null) return
    try {
      const entered = await this.feed.enter(this.meeting_id, room.seq)
      if (!entered.ok) return void this.load() // the room says why, in its own words
      clearTimeout(this.offlineTimer)
      this.store.setState({ line: 'good' })
      if (entered.seq > (this.view.room?.seq ?? 0))
        this.later(CATCH_UP_AFTER_MS, () => this.catchUpTo(entered.seq))
      void this.askTurnout()
      this.wake?.()
    } catch {
      if (this.up) this.later(1_000 + this.world.random() * 2_000, () => void this.enter())
    }
  }

  private readonly onJournal = (news: JournalNews): void => {
    const { room } = this.view
    if (news.meeting_id !== this.meeting_id || room === null || this.remembered) return
    const newest = news.entries.at(-1)
    if (newest) this.offset.arrived(Date.parse(newest.at), this.world.now_ms())
    if (news.upto <= room.seq) return
    if (news.after > room.seq) return void this.catchUp()
    this.put(applyAll(room, news.entries, news.upto))
  }

  /** Where WebSocket does not get through, the journal is asked over HTTP, slowly. */
  private readonly followWithoutFeed = (): void => {
    if (this.view.line !== 'good' && this.view.room !== null) void this.catchUp()
    this.later(POLL_EVERY_MS * (1 + this.world.random()), this.followWithoutFeed)
  }

  private catchUpTo(seq: number): void {
    if ((this.view.room?.seq ?? 0) < seq) void this.catchUp()
  }

  /** Reads the journal from where we are to its end; one at a time. */
  private catchUp(): Promise<void> {
    if (this.catching !== null) {
      this.catchAgain = true
      return this.catching
    }
    this.catching = this.readJournal().finally(() => {
      this.catching = null
      if (!this.catchAgain) return
      this.catchAgain = false
      void this.catchUp()
    })
    return this.catching
  }

  private async readJournal(): Promise<void> {
    try {
      for (;;) {
        const { room } = this.view
        if (room === null || this.remembered || !this.running) return
        const { value: page } = await this.world.api.journal(this.meeting_id, room.seq)
        const now = this.view.room
        if (now === null) return
        if (page.after <= now.seq && page.upto > now.seq) this.put(applyAll(now, page.entries, page.upto))
        if (page.upto >= page.last || page.upto <= room.seq) return
      }
    } catch (error) {
      const problem = asProblem(error)
      if (!isPassing(problem)) void this.load()
    }
  }

  private put(room: Room): void {
    const before = this.view.room
    this.store.setState({ room })
    this.rememberSoon()
    if (openPoll(room)?.id !== (before ? openPoll(before)?.id : undefined)) void this.askTurnout()
  }

  private rememberSoon(): void {
    if (this.remembering) return
    this.remembering = true
    this.later(REMEMBER_AFTER_MS, () => {
      this.remembering = false
      const { room } = this.view
      if (room !== null && !this.remembered) void this.world.memory.remember(this.actor_id, room)
    })
  }

  private async askTurnout(): Promise<void> {
    const poll = this.view.room && openPoll(this.view.room)
    if (!poll) return
    try {
      this.putTurnout(poll.id, (await this.world.api.turnout(this.meeting_id, poll.id)).value)
    } catch {
      // The feed tells it with the next ballot.
    }
  }

  /** Counts only rise while a poll is open: late news is not shown. */
  private putTurnout(poll_id: string, told: Turnout): void {
    const before = this.view.turnout[poll_id]
    if (before && before.cast > told.cast) return
    this.store.setState(view => ({ turnout: { ...view.turnout, [poll_id]: told } }))
  }

  // ── commands ──

  /** What was waiting when the page was last closed goes first. */
  private async recall(): Promise<void> {
    const kept = await this.world.outbox.waiting(this.actor_id, this.meeting_id)
    const known = new Set(this.queue.map(one => one.key))
    this.queue = [...kept.filter(one => !known.has(one.key)), ...this.queue]
    this.showQueue()
    void this.pump()
  }

  /** Only the last page led to matters: those not yet on their way give way to the new one. */
  private supersede(next: Waiting): void {
    if (next.command.kind !== 'lead_to') return
    const [first, ...rest] = this.queue
    const stays = rest.filter(one => one.command.kind !== 'lead_to')
    for (const one of rest)
      if (one.command.kind === 'lead_to')
        one.settle?.resolve({ seq: 0, at: new Date(this.world.now_ms()).toISOString(), id: null })
    this.queue = first ? [first, ...stays] : []
  }

  private async pump(): Promise<void> {
    if (this.pumping) return
    this.pumping = true
    try {
      for (let tries = 0; this.running && this.queue[0]; ) {
        const settled = await this.attempt(this.queue[0])
        if (settled) tries = 0
        else await this.pause(tries++)
      }
    } finally {
      this.pumping = false
    }
  }

  /** True when the command is off the list: done, refused or too late. */
  private async attempt(kept: Waiting): Promise<boolean> {
    try {
      const answer = await this.world.api.send(this.meeting_id, kept.command, kept.key)
      this.offset.answered(Date.parse(answer.value.at), answer.asked_at_ms, answer.answered_at_ms)
      this.tellClock()
      this.takeOff(kept)
      this.recordedNow(kept.command, answer.value)
      kept.settle?.resolve(answer.value)
      return true
    } catch (error) {
      const problem = asProblem(error)
      const waits = isPassing(problem) || problem.status === 401
      const tooLate =
        !LASTING.has(kept.command.kind) && this.world.now_ms() - kept.made_at_ms > LEVER_LASTS_MS
      if (waits && !tooLate) return false
      this.takeOff(kept)
      kept.settle?.reject(problem)
      return true
    }
  }

  private takeOff(kept: Waiting): void {
    this.queue = this.queue.filter(one => one.key !== kept.key)
    this.showQueue()
    void this.world.outbox.drop(kept.key)
  }

  private showQueue(): void {
    this.store.setState({ kept: this.queue.map(plainly) })
  }

  private recordedNow(command: Command, done: Done): void {
    this.store.setState(view => ({ recorded: { ...view.recorded, [actOf(command)]: done.at } }))
    const { room } = this.view
    if (command.kind === 'cast_ballot' && room !== null)
      this.store.setState({ room: withBallot(room, command.poll_id, command.choice) })
    if (done.seq > (room?.seq ?? 0)) this.later(CATCH_UP_AFTER_MS, () => this.catchUpTo(done.seq))
  }

  /** An answer to `room` may have been on its way when a ballot was recorded. */
  private withOwnBallots(room: Room): Room {
    const mine = this.view.room?.me.ballots
    return mine ? { ...room, me: { ...room.me, ballots: { ...mine, ...room.me.ballots } } } : room
  }

  // ── time ──

  private heard(answer: Timed<unknown>): void {
    if (answer.server_at_ms === null) return
    this.offset.answered(answer.server_at_ms, answer.asked_at_ms, answer.answered_at_ms, 1_000)
    this.tellClock()
  }

  private tellClock(): void {
    const offset = this.offset.estimate_ms
    if (offset !== null) setServerTime(this.world.now_ms() + offset)
  }

  private later(delay_ms: number, work: () => void): void {
    if (!this.running) return
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      if (this.running) work()
    }, delay_ms)
    this.timers.add(timer)
  }

  /** Waits the longer the more tries failed, never in step with other tablets; ends early when the line is back. */
  private pause(tries: number): Promise<void> {
    const least = Math.min(8_000, 500 * 2 ** tries)
    return new Promise(resolve => {
      const done = (): void => {
        clearTimeout(timer)
        if (this.wake === done) this.wake = null
        resolve()
      }
      const before = this.wake
      const timer = setTimeout(done, least * (0.5 + this.world.random()))
      this.wake = () => {
        before?.()
        done()
      }
    })
  }
}

const plainly = ({ key, actor_id, meeting_id, command, made_at_ms }: KeptCommand): KeptCommand => ({
  key,
  actor_id,
  meeting_id,
  command,
  made_at_ms,
})

const withBallot = (room: Room, poll_id: string, choice: Choice): Room => ({
  ...room,
  me: { ...room.me, ballots: { ...room.me.ballots, [poll_id]: choice } },
})
