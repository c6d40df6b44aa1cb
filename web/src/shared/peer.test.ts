// Links against a relay and a browser in memory: what is sent, when it tries again, that it cleans up behind itself.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { linkSnapshots, type MediaGate, movedAway, type PeerWorld, publish, waitBefore, watch } from './peer'

/** As much of RTCPeerConnection as a link touches. */
class Connection extends EventTarget {
  connectionState: RTCPeerConnectionState = 'new'
  iceGatheringState = 'complete'
  localDescription: { sdp: string } | null = null
  remote: string | null = null
  kinds: string[] = []
  replaced: unknown[] = []
  report = new Map<string, Record<string, unknown>>()

  encodings: RTCRtpEncodingParameters[] = []

  addTransceiver(what: string | { kind: string }, init: RTCRtpTransceiverInit) {
    const kind = typeof what === 'string' ? what : what.kind
    this.kinds.push(`${kind} ${init.direction}`)
    if (kind === 'video') this.encodings = init.sendEncodings ?? []
    const replaceTrack = async (track: unknown) => void this.replaced.push(track)
    const getParameters = () => ({ encodings: kind === 'video' ? this.encodings : [] })
    const setParameters = async (next: { encodings: RTCRtpEncodingParameters[] }) => {
      this.encodings = next.encodings
    }
    return { receiver: { track: { kind } }, sender: { replaceTrack, getParameters, setParameters } }
  }
  get layers() {
    return this.encodings.map(encoding => `${encoding.rid} ${encoding.active}`)
  }
  async createOffer() {
    return { type: 'offer', sdp: `offer ${this.kinds.join(',')}\r\na=rtpmap:111 opus/48000/2\r\n` }
  }
  async setLocalDescription(description: { sdp: string }) {
    this.localDescription = description
  }
  async setRemoteDescription(description: { sdp: string }) {
    this.remote = description.sdp
  }
  async getStats() {
    return this.report
  }
  close() {
    this.connectionState = 'closed'
  }
  becomes(state: RTCPeerConnectionState) {
    this.connectionState = state
    this.dispatchEvent(new Event('connectionstatechange'))
  }
}

class Stream {
  tracks: unknown[] = []
  addTrack(track: unknown) {
    this.tracks.push(track)
  }
}

interface Sent {
  method: string
  url: string
  token: string
  body: unknown
  keepalive: boolean
}

function world(answer: () => Response) {
  const connections: Connection[] = []
  const sent: Sent[] = []
  const page = new EventTarget()
  const made: PeerWorld = {
    fetch: async (url, init) => {
      const headers = new Headers(init.headers)
      sent.push({
        method: init.method ?? 'GET',
        url,
        token: headers.get('Authorization') ?? '',
        body: init.body,
        keepalive: init.keepalive === true,
      })
      return init.method === 'DELETE' ? new Response() : answer()
    },
    connection: () => {
      const connection = new Connection()
      connections.push(connection)
      return connection as unknown as RTCPeerConnection
    },
    stream: () => new Stream() as unknown as MediaStream,
    random: () => 0.5,
    now_ms: () => Date.now(),
    page,
  }
  const latest = (): Connection => {
    const connection = connections.at(-1)
    if (connection === undefined) throw new Error('no connection was made')
    return connection
  }
  return { made, connections, latest, sent, page }
}

const created = (): Response =>
  new Response('answer', { status: 201, headers: { Location: '/media/whep/studio/session-1' } })
const gate = async (): Promise<MediaGate> => ({
  url: 'http://relay.test/media/whep/studio/main',
  token: 't',
  iceServers: [],
})
function deferred<T>() {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>(done => {
    resolve = done
  })
  return { promise, resolve }
}

const settle = () => vi.advanceTimersByTimeAsync(0)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('watch', () => {
  it('offers one picture and the sounds, receive only, and shows itself connected', async () => {
    const { made, latest, sent } = world(created)
    const viewer = watch({ name: 'main', gate, sounds: 3, world: made })
    await settle()
    expect(latest().kinds).toEqual(['video recvonly', ...Array(3).fill('audio recvonly')])
    expect(sent[0]).toMatchObject({
      method: 'POST',
      token: 'Bearer t',
      body: `offer ${latest().kinds.join(',')}\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 nack\r\n`,
    })
    expect(latest().remote).toBe('answer')
    expect(viewer.snapshot().state).toBe('connecting')
    latest().becomes('connected')
    expect(viewer.snapshot()).toMatchObject({ state: 'connected', sessions: 1, trouble: null })
    viewer.close()
  })

  it('deletes its session when closed, and comes back no more', async () => {
    const { made, latest, sent, connections } = world(created)
    const viewer = watch({ name: 'main', gate, sounds: 1, world: made })
    await settle()
    latest().becomes('connected')
    viewer.close()
    expect(sent.at(-1)).toMatchObject({
      method: 'DELETE',
      url: 'http://relay.test/media/whep/studio/session-1',
      token: 'Bearer t',
      keepalive: true,
    })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(connections).toHaveLength(1)
    expect(viewer.snapshot().state).toBe('closed')
    expect(linkSnapshots()).toEqual([])
  })

  it('begins a new session when ICE fails, and deletes the old one', async () => {
    const { made, latest, connections, sent } = world(created)
    const viewer = watch({ name: 'main', gate, sounds: 1, world: made })
    await settle()
    latest().becomes('connected')
    latest().becomes('failed')
    expect(viewer.snapshot()).toMatchObject({ state: 'reconnecting', trouble: 'ice-failed' })
    expect(sent.at(-1)?.method).toBe('DELETE')
    await vi.advanceTimersByTimeAsync(waitBefore(0, 0.5))
    expect(connections).toHaveLength(2)
    latest().becomes('connected')
    expect(viewer.snapshot()).toMatchObject({ state: 'connected', sessions: 2 })
    viewer.close()
  })

  it('lets a short gap heal and gives up a long one', async () => {
    const { made, latest, connections } = world(created)
    const viewer = watch({ name: 'main', gate, sounds: 1, world: made })
    await settle()
    latest().becomes('connected')
    latest().becomes('disconnected')
    await vi.advanceTimersByTimeAsync(1_500)
    latest().becomes('connected')
    await vi.advanceTimersByTimeAsync(5_000)
    expect(connections).toHaveLength(1)
    latest().becomes('disconnected')
    await vi.advanceTimersByTimeAsync(2_000 + waitBefore(0, 0.5))
    expect(connections).toHaveLength(2)
    viewer.close()
  })

  it('asks for a fresh token after a refusal, waits longer each time, and says what is wrong', async () => {
    const refusal = () => Response.json({ code: 'unknown-token' }, { status: 401 })
    const { made, connections } = world(refusal)
    const asked: boolean[] = []
    const viewer = watch({
      name: 'main',
      gate: async fresh => {
        asked.push(fresh)
        return gate()
      },
      sounds: 1,
      world: made,
    })
    await settle()
    expect(viewer.snapshot().trouble).toBe('unknown-token')
    await vi.advanceTimersByTimeAsync(waitBefore(0, 0.5))
    expect(asked).toEqual([false, true])
    await vi.advanceTimersByTimeAsync(waitBefore(1, 0.5) - 1)
    expect(connections).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1)
    expect(connections).toHaveLength(3)
    expect(viewer.snapshot().state).toBe('reconnecting')
    viewer.close()
  })

  it('does not sit out its wait when the network is back', async () => {
    let line = false
    const { made, connections, page } = world(() => {
      if (!line) throw new TypeError('Failed to fetch')
      return created()
    })
    const viewer = watch({ name: 'main', gate, sounds: 1, world: made })
    await vi.advanceTimersByTimeAsync(30_000)
    expect(viewer.snapshot()).toMatchObject({ state: 'reconnecting', trouble: 'offline' })
    const tried = connections.length
    line = true
    page.dispatchEvent(new Event('online'))
    await settle()
    expect(connections).toHaveLength(tried + 1)
    expect(connections.at(-1)?.remote).toBe('answer')
    viewer.close()
  })

  it('ends an attempt that nobody answers', async () => {
    const { made, connections } = world(created)
    const viewer = watch({ name: 'main', gate, sounds: 1, world: made })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(viewer.snapshot().trouble).toBe('no-answer')
    await vi.advanceTimersByTimeAsync(waitBefore(0, 0.5))
    expect(connections).toHaveLength(2)
    viewer.close()
  })

  it('deletes with keepalive when the page goes, and begins again when it comes back', async () => {
    const { made, latest, sent, page, connections } = world(created)
    const viewer = watch({ name: 'main', gate, sounds: 1, world: made })
    await settle()
    latest().becomes('connected')
    page.dispatchEvent(new Event('pagehide'))
    expect(sent.at(-1)).toMatchObject({ method: 'DELETE', keepalive: true })
    page.dispatchEvent(new Event('pageshow'))
    await settle()
    expect(connections).toHaveLength(2)
    viewer.close()
  })

  it('reads the flow once a second', async () => {
    const { made, latest } = world(created)
    const viewer = watch({ name: 'main', gate, sounds: 1, world: made })
    await settle()
    latest().becomes('connected')
    latest().report.set('v', {
      id: 'v',
      type: 'inbound-rtp',
      kind: 'video',
      framesDecoded: 30,
      packetsReceived: 9,
    })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(viewer.snapshot().stats?.video?.frames).toBe(30)
    expect(linkSnapshots()[0]).toMatchObject({ name: 'main', direction: 'in', state: 'connected' })
    expect(JSON.stringify(linkSnapshots())).not.toContain('relay.test')
    viewer.close()
  })
})

describe('publish', () => {
  it('sends picture and sound, and changes the camera without a new offer', async () => {
    const { made, latest, connections, sent } = world(created)
    const camera = { kind: 'video', getSettings: () => ({}) } as MediaStreamTrack
    const other = { kind: 'video', getSettings: () => ({}) } as MediaStreamTrack
    const publisher = publish({ name: 'own', gate, video: camera, audio: null, world: made })
    await settle()
    expect(latest().kinds).toEqual(['video sendonly', 'audio sendonly'])
    publisher.send(other, null)
    expect(latest().replaced).toEqual([other])
    expect(connections).toHaveLength(1)
    publisher.close()
    await settle()
    expect(sent.map(request => request.method)).toEqual(['POST', 'DELETE'])
  })

  it('sends the picture in as many sizes as it is worth', async () => {
    const { made, latest } = world(created)
    const sized = (width: number) =>
      ({ kind: 'video', getSettings: () => ({ width, height: width }) }) as unknown as MediaStreamTrack
    const publisher = publish({ name: 'own', gate, video: null, audio: null, world: made })
    await settle()
    expect(latest().layers).toEqual(['h true', 'm true', 'l true'])
    publisher.send(sized(640), null)
    await settle()
    expect(latest().layers).toEqual(['h true', 'm true', 'l false'])
    publisher.send(null, null)
    await settle()
    expect(latest().layers).toEqual(['h true', 'm true', 'l false'])
    publisher.send(sized(1280), null)
    await settle()
    expect(latest().layers).toEqual(['h true', 'm true', 'l true'])
    publisher.close()
  })

  it('closed before it knows where to send, it sends nothing', async () => {
    const { made, sent } = world(created)
    const asked = deferred<MediaGate>()
    const publisher = publish({
      name: 'own',
      gate: () => asked.promise,
      video: null,
      audio: null,
      world: made,
    })
    publisher.close()
    asked.resolve(await gate())
    await settle()
    expect(sent).toEqual([])
  })

  it('closed while the answer is under way, it deletes what the relay has made', async () => {
    const answered = deferred<Response>()
    const { made, sent } = world(created)
    const slow: PeerWorld = {
      ...made,
      fetch: (url, init) => (init.method === 'POST' ? answered.promise : made.fetch(url, init)),
    }
    const publisher = publish({ name: 'own', gate, video: null, audio: null, world: slow })
    await settle()
    publisher.close()
    answered.resolve(created())
    await settle()
    expect(sent.map(request => request.method)).toEqual(['DELETE'])
  })
})

describe('several relays', () => {
  const at = (relay: string, session: string) => () =>
    new Response('answer', {
      status: 201,
      headers: { Location: `/media/at/${relay}/whep/studio/main/${session}`, ETag: '"e1"' },
    })

  it('joins again within the span when its relay is gone, and nobody else does', async () => {
    const { made, latest, connections, sent } = world(at('aa', 's1'))
    const viewer = watch({ name: 'main', gate, sounds: 1, world: made })
    await settle()
    latest().becomes('connected')
    movedAway({ relay: 'bb', within_s: 0.5, sources: true, ask: false })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(connections).toHaveLength(1)
    movedAway({ relay: 'aa', within_s: 30, sources: false, ask: false }) // an upgrade…
    movedAway({ relay: 'aa', within_s: 0.5, sources: true, ask: false }) // …that became an accident
    await vi.advanceTimersByTimeAsync(249)
    expect(connections).toHaveLength(1)
    expect(viewer.snapshot().state).toBe('connected')
    await vi.advanceTimersByTimeAsync(1)
    expect(connections).toHaveLength(2)
    expect(sent.map(({ method }) => method)).toEqual(['POST', 'DELETE', 'POST'])
    expect(viewer.snapshot()).toMatchObject({ state: 'reconnecting', trouble: 'moved' })
    latest().becomes('connected')
    expect(viewer.snapshot()).toMatchObject({ state: 'connected', trouble: null })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(connections).toHaveLength(2)
    viewer.close()
  })

  it('a sender goes at once, and only when the sources are called', async () => {
    const { made, latest, connections } = world(at('aa', 's1'))
    const publisher = publish({ name: 'own', gate, video: null, audio: null, world: made })
    await settle()
    latest().becomes('connected')
    movedAway({ relay: 'aa', within_s: 30, sources: false, ask: false })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(connections).toHaveLength(1)
    movedAway({ relay: 'aa', within_s: 30, sources: true, ask: false })
    await settle()
    expect(connections).toHaveLength(2)
    publisher.close()
  })

  it('whoever was turned away and waits does not sit it out', async () => {
    let up = false
    const refusal = () => Response.json({ code: 'relay-unreachable' }, { status: 503 })
    const { made, connections } = world(() => (up ? at('bb', 's2')() : refusal()))
    const viewer = watch({ name: 'main', gate, sounds: 1, world: made })
    await vi.advanceTimersByTimeAsync(40_000)
    const tried = connections.length
    up = true
    movedAway({ relay: 'aa', within_s: 0, sources: true, ask: false })
    await settle()
    expect(connections).toHaveLength(tried + 1)
    expect(connections.at(-1)?.remote).toBe('answer')
    viewer.close()
  })

  /** A relay that answers joins with a session and, asked about it, what `kept` says. */
  function asked(kept: () => Response) {
    const made = world(at('aa', 's1'))
    const questions: string[] = []
    const fetch: PeerWorld['fetch'] = async (url, init) => {
      if (init.method !== 'PATCH') return made.made.fetch(url, init)
      const headers = new Headers(init.headers)
      expect(headers.get('Content-Type')).toBe('application/trickle-ice-sdpfrag')
      questions.push(`${url} ${headers.get('If-Match')} ${headers.get('Authorization')}`)
      return kept()
    }
    const packets = (received: number) =>
      made
        .latest()
        .report.set('v', { id: 'v', type: 'inbound-rtp', kind: 'video', packetsReceived: received })
    return { ...made, made: { ...made.made, fetch }, questions, packets }
  }

  it('asks after a second and a half of silence, and goes when its session is no longer there', async () => {
    const { made, latest, connections, questions, packets } = asked(() =>
      Response.json({ code: 'media-moved' }, { status: 404 }),
    )
    const viewer = watch({ name: 'main', gate, sounds: 1, expected: () => true, world: made })
    await settle()
    latest().becomes('connected')
    packets(9)
    await vi.advanceTimersByTimeAsync(1_000)
    packets(99)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(questions).toEqual([])
    await vi.advanceTimersByTimeAsync(1_500)
    expect(questions).toEqual([
      `${new URL('/media/at/aa/whep/studio/main/s1', 'http://relay.test').href} "e1" Bearer t`,
    ])
    expect(connections).toHaveLength(2)
    viewer.close()
  })

  it('when some sessions of a relay are gone, each link asks for its own', async () => {
    let there = true
    const { made, latest, connections, questions } = asked(
      () => new Response(null, { status: there ? 204 : 404 }),
    )
    const publisher = publish({ name: 'own', gate, video: null, audio: null, world: made })
    await settle()
    latest().becomes('connected')
    const news = { relay: 'aa', within_s: 0.5, sources: true, ask: true }
    movedAway(news)
    await settle()
    expect([questions.length, connections.length]).toEqual([1, 1])
    there = false
    movedAway(news)
    await settle()
    expect([questions.length, connections.length]).toEqual([2, 2])
    publisher.close()
  })

  it('stays while its session is there, asks ever more seldom, and not at all when nobody is on air', async () => {
    let onAir = true
    const { made, latest, connections, questions } = asked(() => new Response(null, { status: 204 }))
    const viewer = watch({ name: 'main', gate, sounds: 1, expected: () => onAir, world: made })
    await settle()
    latest().becomes('connected')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(connections).toHaveLength(1)
    expect(questions.length).toBeGreaterThan(3)
    expect(questions.length).toBeLessThan(10)
    const before = questions.length
    onAir = false
    await vi.advanceTimersByTimeAsync(60_000)
    expect(questions).toHaveLength(before)
    viewer.close()
  })
})

describe('waitBefore', () => {
  it('grows, is bounded and spreads', () => {
    expect(waitBefore(0, 0)).toBe(150)
    expect(waitBefore(3, 1)).toBeGreaterThan(waitBefore(2, 1))
    expect(waitBefore(50, 1)).toBe(waitBefore(20, 1))
    expect(waitBefore(50, 1)).toBeLessThan(13_000)
  })
})
