// The media side of one browser: a WHIP publisher (RFC 9725) and a WHEP viewer over fetch and RTCPeerConnection.
// A link keeps itself alive: whatever breaks it, it ends its session and asks for a new one after a jittered wait,
// until it is closed. It imports neither React nor the DOM tree, and knows no meeting: only an address and a token.

import { LAYERS, layersFor, sending } from './layers'
import { offerTo } from './peer-offer'
import { Silence } from './peer-silence'
import { type FlowStats, type LinkState, readStats } from './peer-stats'

/** Where to send the offer. No address of our own making: ICE servers come from the server, none are public. */
export interface MediaGate {
  readonly url: string
  readonly token: string
  readonly iceServers: readonly RTCIceServer[]
}

/** Asked before every attempt. `fresh`: the last token was refused, do not give it again. */
export type AskGate = (fresh: boolean) => Promise<MediaGate>

export interface LinkSnapshot {
  readonly name: string
  readonly direction: 'in' | 'out'
  readonly state: LinkState
  /** Sessions begun so far; one means it has never had to reconnect. */
  readonly sessions: number
  /** The code of what stopped the last attempt ('offline', 'unknown-token', 'ice-failed', …). */
  readonly trouble: string | null
  readonly stats: FlowStats | null
}

/** What a link needs of the world; given so that tests need no browser. */
export interface PeerWorld {
  fetch(input: string, init: RequestInit): Promise<Response>
  connection(config: RTCConfiguration): RTCPeerConnection
  stream(): MediaStream
  /** 0 to 1. */
  random(): number
  now_ms(): number
  /** The page's coming and going; absent outside a page. */
  readonly page: EventTarget | null
}

export const browserWorld: PeerWorld = {
  fetch: (input, init) => fetch(input, init),
  connection: config => new RTCPeerConnection(config),
  stream: () => new MediaStream(),
  random: Math.random,
  now_ms: () => performance.now(),
  page: typeof window === 'undefined' ? null : window,
}

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 12_000
const CONNECT_WITHIN_MS = 10_000
/** ICE says "disconnected" for short gaps too: this long it may heal by itself. */
const HEAL_WITHIN_MS = 2_000
/** The relay is ICE-lite and answers whoever proves himself: candidates in the offer are a courtesy. */
const GATHER_WITHIN_MS = 250
const STATS_EVERY_MS = 1_000
/** After a second without a packet the next look comes sooner. */
const LOOK_AGAIN_MS = 500

/** Full jitter with a floor: a thousand bridges that lose one relay must not come back in one instant. */
export function waitBefore(attempt: number, random: number): number {
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 10))
  return Math.round(150 + random * longest)
}

/** Why an attempt ended. `code` is for the page; it is never shown as it is. */
export class LinkTrouble extends Error {
  override readonly name = 'LinkTrouble'
  constructor(
    readonly code: string,
    readonly tokenRefused = false,
  ) {
    super(code)
  }
}

/** Sessions at `relay` are to be begun anew within so many seconds; who sends, only when `sources`. */
export interface Away {
  readonly relay: string
  readonly within_s: number
  readonly sources: boolean
  /** Only if the session is no longer there. */
  readonly ask: boolean
}

interface Leg {
  /** Adds the transceivers of one session. */
  attach(pc: RTCPeerConnection): void
  detach(): void
}

/** One WHIP or WHEP session: from the offer to the DELETE. */
class Session {
  readonly pc: RTCPeerConnection
  #location: string | null = null
  #etag = '*'
  #ended = false

  constructor(
    readonly world: PeerWorld,
    readonly gate: MediaGate,
  ) {
    this.pc = world.connection({ iceServers: [...gate.iceServers], bundlePolicy: 'max-bundle' })
  }

  async begin(signal: AbortSignal): Promise<void> {
    await offerTo(this.pc)
    await gathered(this.pc)
    const response = await this.world.fetch(this.gate.url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp', Authorization: `Bearer ${this.gate.token}` },
      body: this.pc.localDescription?.sdp ?? '',
      signal,
    })
    if (!response.ok) throw await troubleOf(response)
    const location = response.headers.get('Location')
    if (location !== null) this.#location = new URL(location, absolute(response.url || this.gate.url)).href
    this.#etag = response.headers.get('ETag') ?? '*'
    const sdp = await response.text()
    if (this.#ended) {
      this.#forget() // closed while the answer was under way: the relay must not keep it
      return
    }
    await this.pc.setRemoteDescription({ type: 'answer', sdp })
  }

  /** Whether the session is carried by the relay of this name. */
  isAt(relay: string): boolean {
    return this.#location?.includes(`/at/${relay}/`) ?? false
  }

  /** Whether it is still where it was: an empty piece of trickle (RFC 9725, 4.3.2) is answered only there. */
  async isKept(token: string): Promise<boolean> {
    if (this.#location === null) return true
    const response = await this.world.fetch(this.#location, {
      method: 'PATCH',
      headers: {
        'Content-Type': 'application/trickle-ice-sdpfrag',
        'If-Match': this.#etag,
        Authorization: `Bearer ${token}`,
      },
      body: nothingNew(this.pc.localDescription?.sdp ?? ''),
    })
    return !GONE.has(response.status)
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.pc.close()
    this.#forget()
  }

  /** Best effort, also while the page goes away; a session nobody deletes ends at the relay by silence. */
  #forget(): void {
    if (this.#location === null) return
    const location = this.#location
    this.#location = null
    this.world
      .fetch(location, {
        method: 'DELETE',
        keepalive: true,
        headers: { Authorization: `Bearer ${this.gate.token}` },
      })
      .catch(() => undefined)
  }
}

/** The session, or its relay, is no longer there. */
const GONE: ReadonlySet<number> = new Set([404, 410, 502, 503, 504])

/** A fragment that says no more than who we are. */
const nothingNew = (sdp: string): string => {
  const ours = sdp.split('\r\n').filter(line => /^a=ice-(ufrag|pwd):/.test(line))
  return [...ours.slice(0, 2), 'a=end-of-candidates', ''].join('\r\n')
}

const absolute = (url: string): string => new URL(url, globalThis.location?.href ?? 'http://localhost/').href

async function troubleOf(response: Response): Promise<LinkTrouble> {
  const body: unknown = await response.json().catch(() => null)
  const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : null
  return new LinkTrouble(
    typeof code === 'string' ? code : `http-${response.status}`,
    response.status === 401 || response.status === 403,
  )
}

function gathered(pc: RTCPeerConnection): Promise<void> {
  if (pc.iceGatheringState === 'complete') return Promise.resolve()
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(bound)
      pc.removeEventListener('icegatheringstatechange', look)
      resolve()
    }
    const look = (): void => {
      if (pc.iceGatheringState === 'complete') done()
    }
    const bound = setTimeout(done, GATHER_WITHIN_MS)
    pc.addEventListener('icegatheringstatechange', look)
  })
}

/** A connection that holds itself up. Subscribe for changes; `snapshot` is the same object until something changes. */
export class Link {
  #snapshot: LinkSnapshot
  #session: Session | null = null
  #abort: AbortController | null = null
  #attempt = 0
  #tokenRefused = false
  #wait: ReturnType<typeof setTimeout> | undefined
  #bound: ReturnType<typeof setTimeout> | undefined
  #reading: ReturnType<typeof setInterval> | undefined
  #again: ReturnType<typeof setTimeout> | undefined
  #moving: ReturnType<typeof setTimeout> | undefined
  #silence = new Silence()
  readonly #listeners = new Set<() => void>()

  constructor(
    name: string,
    direction: 'in' | 'out',
    private readonly ask: AskGate,
    private readonly leg: Leg,
    private readonly world: PeerWorld,
    /** Whether anybody is on air: only then is silence a sign of trouble. */
    private readonly expected: () => boolean = () => false,
  ) {
    this.#snapshot = { name, direction, state: 'connecting', sessions: 0, trouble: null, stats: null }
    links.add(this)
    world.page?.addEventListener('online', this.#hurry)
    world.page?.addEventListener('pagehide', this.#leave)
    world.page?.addEventListener('pageshow', this.#hurry)
    this.#reading = setInterval(() => void this.#read(), STATS_EVERY_MS)
    void this.#connect()
  }

  readonly snapshot = (): LinkSnapshot => this.#snapshot

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What the relay of this name carried comes from elsewhere: joins again at a random moment within the span. */
  moved({ relay, within_s, sources, ask }: Away): void {
    const sends = this.#snapshot.direction === 'out'
    if (sends && !sources) return
    const session = this.#session
    const waiting = session === null && this.#wait !== undefined
    if (!waiting && !session?.isAt(relay)) return
    clearTimeout(this.#moving)
    this.#moving = setTimeout(
      () => {
        if (session !== this.#session) return
        if (ask && session !== null) void this.#ask(session)
        else this.#rejoin('moved')
      },
      sends ? 0 : this.world.random() * within_s * 1_000,
    )
  }

  close(): void {
    if (this.#snapshot.state === 'closed') return
    links.delete(this)
    clearInterval(this.#reading)
    this.world.page?.removeEventListener('online', this.#hurry)
    this.world.page?.removeEventListener('pagehide', this.#leave)
    this.world.page?.removeEventListener('pageshow', this.#hurry)
    this.#drop()
    this.#tell({ state: 'closed', stats: null })
  }

  #tell(change: Partial<LinkSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change }
    for (const listener of this.#listeners) listener()
  }

  /** Ends the session and everything that waits for it. */
  #drop(): void {
    clearTimeout(this.#wait)
    clearTimeout(this.#bound)
    clearTimeout(this.#again)
    clearTimeout(this.#moving)
    this.#wait = undefined
    this.#abort?.abort()
    this.#abort = null
    this.#session?.end()
    this.#session = null
    this.leg.detach()
  }

  async #connect(): Promise<void> {
    const abort = new AbortController()
    this.#abort = abort
    this.#bound = setTimeout(() => this.#restart(new LinkTrouble('no-answer')), CONNECT_WITHIN_MS)
    try {
      const gate = await this.ask(this.#tokenRefused)
      if (abort.signal.aborted) return
      this.#tokenRefused = false
      const session = new Session(this.world, gate)
      this.#session = session
      this.#silence = new Silence()
      session.pc.addEventListener('connectionstatechange', () => this.#look(session))
      this.leg.attach(session.pc)
      this.#tell({ sessions: this.#snapshot.sessions + 1, stats: null })
      await session.begin(abort.signal)
    } catch (error) {
      if (!abort.signal.aborted) this.#restart(error)
    }
  }

  #look(session: Session): void {
    if (session !== this.#session) return
    switch (session.pc.connectionState) {
      case 'connected':
        clearTimeout(this.#bound)
        this.#attempt = 0
        this.#tell({ state: 'connected', trouble: null })
        return
      case 'disconnected':
        clearTimeout(this.#bound)
        this.#bound = setTimeout(() => this.#restart(new LinkTrouble('ice-disconnected')), HEAL_WITHIN_MS)
        return
      case 'failed':
      case 'closed':
        this.#restart(new LinkTrouble('ice-failed'))
        return
      case 'new':
      case 'connecting':
        return
    }
  }

  #restart(error: unknown): void {
    const trouble = error instanceof LinkTrouble ? error : new LinkTrouble('offline')
    this.#tokenRefused ||= trouble.tokenRefused
    const first = this.#snapshot.state === 'connecting' && this.#attempt < 2
    this.#drop()
    this.#tell({ state: first ? 'connecting' : 'reconnecting', trouble: trouble.code, stats: null })
    this.#wait = setTimeout(() => void this.#connect(), waitBefore(this.#attempt, this.world.random()))
    this.#attempt += 1
  }

  /** It is known where to go: no wait. */
  #rejoin(why: string): void {
    this.#drop()
    this.#attempt = 0
    this.#tell({ state: 'reconnecting', trouble: why, stats: null })
    void this.#connect()
  }

  /** The network, or the page, is back: no reason to sit out a wait. */
  readonly #hurry = (): void => {
    if (this.#wait === undefined) return
    clearTimeout(this.#wait)
    this.#wait = undefined
    this.#attempt = 0
    void this.#connect()
  }

  /** The page goes, perhaps to come back from the browser's back-forward cache. */
  readonly #leave = (): void => {
    this.#drop()
    this.#tell({ state: 'reconnecting', stats: null })
    this.#wait = setTimeout(() => void this.#connect(), FIRST_WAIT_MS)
  }

  async #read(): Promise<void> {
    const session = this.#session
    if (session === null || this.#snapshot.state !== 'connected') return
    const report = await session.pc.getStats().catch(() => null)
    if (report === null || session !== this.#session || this.#snapshot.state !== 'connected') return
    const { direction, stats } = this.#snapshot
    const now_ms = this.world.now_ms()
    const read = readStats(report, direction, stats, now_ms)
    this.#tell({ stats: read })
    if (direction === 'out') return
    if (this.#silence.read(read.totals.received, this.expected(), now_ms)) await this.#ask(session)
    else if (this.#silence.isQuiet(now_ms)) {
      clearTimeout(this.#again)
      this.#again = setTimeout(() => void this.#read(), LOOK_AGAIN_MS)
    }
  }

  /** Nothing comes though somebody is on air: is this session still where it was? */
  async #ask(session: Session): Promise<void> {
    try {
      const { token } = await this.ask(false)
      const kept = await session.isKept(token)
      if (!kept && session === this.#session) this.#rejoin('moved')
    } catch {
      // No line to the server either: the connection itself will say when it has failed.
    }
  }
}

export interface Viewer extends Pick<Link, 'snapshot' | 'subscribe' | 'close'> {
  /**
   * What the present session receives: the picture, and one stream per sound slot (browsers play one sound track of
   * a stream, we want all). A new session has new streams, so that a screen may hold the last picture until then.
   */
  readonly streams: () => Received
}

export interface Received {
  readonly picture: MediaStream
  readonly sounds: readonly MediaStream[]
}

interface WatchOptions {
  readonly name: string
  readonly gate: AskGate
  /** 0 to 3. */
  readonly sounds: number
  /** Whether anybody else is on air now, so that packets should come. */
  readonly expected?: () => boolean
  readonly world?: PeerWorld
}

/** Watches one programme: one picture slot and up to three sound slots, receive only. */
export function watch({ name, gate, sounds, expected, world = browserWorld }: WatchOptions): Viewer {
  const empty = (): Received => ({
    picture: world.stream(),
    sounds: Array.from({ length: sounds }, () => world.stream()),
  })
  let received = empty()
  const leg: Leg = {
    attach: pc => {
      received = empty()
      const slot = (kind: 'video' | 'audio'): MediaStreamTrack =>
        pc.addTransceiver(kind, { direction: 'recvonly' }).receiver.track
      received.picture.addTrack(slot('video'))
      for (const sound of received.sounds) sound.addTrack(slot('audio'))
    },
    detach: () => undefined,
  }
  const link = new Link(name, 'in', gate, leg, world, expected)
  return {
    streams: () => received,
    snapshot: link.snapshot,
    subscribe: link.subscribe,
    close: () => link.close(),
  }
}

export interface Publisher extends Pick<Link, 'snapshot' | 'subscribe' | 'close'> {
  /** Another camera or microphone, or none: no renegotiation. */
  send(video: MediaStreamTrack | null, audio: MediaStreamTrack | null): void
}

interface PublishOptions {
  readonly name: string
  readonly gate: AskGate
  readonly video: MediaStreamTrack | null
  readonly audio: MediaStreamTrack | null
  readonly world?: PeerWorld
}

/** Another camera may be worth more or fewer layers. A browser that knows no simulcast has one, and keeps it. */
async function show(sender: RTCRtpSender, track: MediaStreamTrack | null): Promise<void> {
  await sender.replaceTrack(track)
  const parameters = sender.getParameters()
  if (track === null || parameters.encodings.length < 2) return
  parameters.encodings = sending(parameters.encodings, layersFor(track))
  await sender.setParameters(parameters)
}

/** Publishes one picture, in layers, and one sound. */
export function publish({ name, gate, video, audio, world = browserWorld }: PublishOptions): Publisher {
  let tracks = { video, audio }
  let senders: { video: RTCRtpSender; audio: RTCRtpSender } | null = null
  const leg: Leg = {
    attach: pc => {
      senders = {
        video: pc.addTransceiver(tracks.video ?? 'video', {
          direction: 'sendonly',
          sendEncodings: sending(LAYERS, layersFor(tracks.video)),
        }).sender,
        audio: pc.addTransceiver(tracks.audio ?? 'audio', { direction: 'sendonly' }).sender,
      }
    },
    detach: () => {
      senders = null
    },
  }
  const link = new Link(name, 'out', gate, leg, world)
  return {
    snapshot: link.snapshot,
    subscribe: link.subscribe,
    close: () => link.close(),
    send: (nextVideo, nextAudio) => {
      const before = tracks
      tracks = { video: nextVideo, audio: nextAudio }
      // A track that ended while being replaced rejects; the next attach sends the newest anyway.
      if (before.video !== nextVideo && senders !== null)
        show(senders.video, nextVideo).catch(() => undefined)
      if (before.audio !== nextAudio) senders?.audio.replaceTrack(nextAudio).catch(() => undefined)
    },
  }
}

const links = new Set<Link>()

/** The live line says: whoever has a session at this relay joins again within so many seconds. */
export function movedAway(news: Away): void {
  for (const link of links) link.moved(news)
}

// ── a debugging aid ──

/** What every link of this page does now: plain numbers, no addresses and no tokens. */
export const linkSnapshots = (): LinkSnapshot[] => structuredClone([...links].map(link => link.snapshot()))

if (typeof window !== 'undefined' && !('__dienhong_peers' in window)) {
  Object.defineProperty(window, '__dienhong_peers', { get: linkSnapshots, enumerable: false })
}
