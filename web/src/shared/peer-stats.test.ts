import { describe, expect, it } from 'vitest'
import { type FlowStats, healthOf, readStats, worse } from './peer-stats'

type Given = Parameters<Parameters<Parameters<typeof readStats>[0]['forEach']>[0]>[0]

const report = (...entries: Given[]) => ({
  forEach: (take: (entry: Given) => void) => {
    for (const entry of entries) take(entry)
  },
})
const seen = (frames: number, packets: number, sound: number, lost = 0) =>
  report(
    {
      id: 'v',
      type: 'inbound-rtp',
      kind: 'video',
      framesDecoded: frames,
      framesPerSecond: 25,
      frameWidth: 1280,
      frameHeight: 720,
      packetsReceived: packets,
      packetsLost: lost,
      bytesReceived: packets * 1000,
    },
    {
      id: 'a',
      type: 'inbound-rtp',
      kind: 'audio',
      packetsReceived: sound,
      packetsLost: 0,
      audioLevel: 0.2,
      totalAudioEnergy: 0.5,
      bytesReceived: sound * 100,
    },
    { id: 'p', type: 'candidate-pair', nominated: true, state: 'succeeded', currentRoundTripTime: 0.042 },
    { id: 'q', type: 'candidate-pair', nominated: false, state: 'waiting', currentRoundTripTime: 9 },
  )

function over(...reports: ReturnType<typeof report>[]): FlowStats {
  let last: FlowStats | null = null
  reports.forEach((one, n) => {
    last = readStats(one, 'in', last, n * 1000)
  })
  if (last === null) throw new Error('nothing read')
  return last
}

describe('readStats', () => {
  it('tells size, rate, loss and round trip of what comes in', () => {
    const stats = over(seen(25, 100, 50), seen(50, 196, 100, 4))
    expect(stats.video).toEqual({ frames: 50, fps: 25, width: 1280, height: 720, kbps: 768 })
    expect(stats.audio[0]).toMatchObject({ packets: 100, level: 0.2, energy: 0.5, kbps: 40 })
    expect(stats.loss).toBeCloseTo(4 / (4 + 96 + 50))
    expect(stats.rtt_ms).toBe(42)
    expect(stats.videoStill_s).toBe(0)
  })

  it('takes the largest layer that moves for the picture, and all of them for the rate', () => {
    const layer = (id: string, frameWidth: number, framesEncoded: number, framesPerSecond: number) => ({
      id,
      type: 'outbound-rtp',
      kind: 'video',
      frameWidth,
      frameHeight: (frameWidth * 9) / 16,
      framesEncoded,
      framesPerSecond,
      bytesSent: framesEncoded * 1000,
    })
    const first = report(layer('l', 320, 100, 25), layer('h', 1280, 100, 25), layer('m', 640, 100, 25))
    const stats = readStats(first, 'out', null, 0)
    expect(stats.video).toMatchObject({ width: 1280, frames: 100, fps: 25 })
    // The line is narrow: the browser suspends the largest.
    const then = report(layer('l', 320, 125, 25), layer('h', 1280, 100, 0), layer('m', 640, 125, 24))
    const later = readStats(then, 'out', stats, 1000)
    expect(later.video).toMatchObject({ width: 640, frames: 125, fps: 24, kbps: 400 })
    expect(later.videoStill_s).toBe(0)
  })

  it('counts how long the picture stands still', () => {
    const stats = over(seen(25, 100, 50), seen(25, 100, 100), seen(25, 100, 150), seen(25, 100, 200))
    expect(stats.videoStill_s).toBe(3)
    expect(stats.audioStill_s).toBe(0)
  })

  it('does not call a line weak for one bad second, and does for several', () => {
    const bad = over(seen(25, 100, 50), seen(50, 200, 100), seen(75, 290, 150, 10))
    expect(healthOf('connected', bad, true)).toBe('good')
    const lasting = over(...Array.from({ length: 8 }, (_, n) => seen(25 * n, 100 * n, 50 * n, 12 * n)))
    expect(healthOf('connected', lasting, true)).toBe('weak')
  })

  it('takes the loss of what goes out from the other side', () => {
    const stats = readStats(
      report(
        { id: 'v', type: 'outbound-rtp', kind: 'video', framesEncoded: 10, packetsSent: 20, bytesSent: 3000 },
        { id: 'r', type: 'remote-inbound-rtp', kind: 'video', fractionLost: 0.12, roundTripTime: 0.2 },
        { id: 'm', type: 'media-source', kind: 'audio', audioLevel: 0.7, totalAudioEnergy: 3 },
        { id: 'a', type: 'outbound-rtp', kind: 'audio', packetsSent: 5, bytesSent: 400 },
      ),
      'out',
      null,
      0,
    )
    expect(stats.loss).toBe(0.12)
    expect(stats.rtt_ms).toBe(200)
    expect(stats.audio[0]?.level).toBe(0.7)
    expect(stats.video?.frames).toBe(10)
  })
})

describe('healthOf', () => {
  const still = (video: number, audio: number, loss = 0): FlowStats => ({
    ...over(seen(1, 1, 1)),
    videoStill_s: video,
    audioStill_s: audio,
    loss,
  })
  it.each([
    ['good', 'connected', still(0, 0), true],
    ['weak', 'connected', still(0, 0, 0.05), true],
    ['audio-only', 'connected', still(6, 0), true],
    ['no-signal', 'connected', still(6, 6), true],
    ['good', 'connected', still(60, 60), false],
    ['reconnecting', 'reconnecting', null, true],
    ['connecting', 'connecting', null, true],
    ['idle', 'closed', null, true],
  ] as const)('%s', (health, state, stats, expectsPicture) => {
    expect(healthOf(state, stats, expectsPicture)).toBe(health)
  })

  it('of two directions the worse speaks', () => {
    expect(worse('good', 'weak')).toBe('weak')
    expect(worse('reconnecting', 'weak')).toBe('reconnecting')
    expect(worse('good', 'idle')).toBe('good')
  })
})
