import { describe, expect, it } from 'vitest'
import {
  cameraIsOff,
  type FlowStats,
  type LinkState,
  type RelayWord,
  readStats,
  receivingHealth,
  sendingHealth,
  UNTOLD,
  worse,
} from './peer-stats'

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
    expect(receivingHealth('connected', bad, true, UNTOLD)).toBe('good')
    const lasting = over(...Array.from({ length: 8 }, (_, n) => seen(25 * n, 100 * n, 50 * n, 12 * n)))
    expect(receivingHealth('connected', lasting, true, UNTOLD)).toBe('weak')
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

const still = (video: number, audio: number, loss = 0): FlowStats => ({
  ...over(seen(1, 1, 1)),
  videoStill_s: video,
  audioStill_s: audio,
  loss,
})
const said = (rendition: RelayWord['rendition'], picture: RelayWord['picture'] = 'shown'): RelayWord => ({
  rendition,
  picture,
})

describe('receivingHealth', () => {
  it.each([
    ['moves', 'good', still(0, 0), said('full')],
    ['loses packets', 'weak', still(0, 0, 0.05), said('full')],
    ['comes smaller, by the relay’s word', 'reduced', still(0, 0), said('low')],
    ['is not sent here, by the relay’s word', 'audio-only', still(2, 0), said('audio')],
    ['is not sent here, and nobody speaks', 'audio-only', still(60, 60), said('audio')],
    ['is sent here again, and the word is late', 'good', still(0, 0), said('audio')],
    ['is nowhere: the camera on air is off', 'good', still(60, 0), said('full', 'off')],
    ['is nowhere, and this line is weak too', 'audio-only', still(60, 0), said('audio', 'off')],
    ['is nowhere: nothing comes of who is on air', 'no-signal', still(6, 0), said('full', 'missing')],
    ['stands still, and the relay has not said why', 'no-signal', still(6, 0), UNTOLD],
    ['is sent and does not arrive', 'no-signal', still(6, 6), said('full')],
    ['waits for a switch', 'good', still(3, 0), said('full')],
  ] as const)('a picture that %s: %s', (_, health, stats, word) => {
    expect(receivingHealth('connected', stats, true, word)).toBe(health)
  })

  it('asks for no picture while nobody is on air', () => {
    expect(receivingHealth('connected', still(60, 60), false, said('audio', null))).toBe('good')
  })
})

it('a camera is off by the relay’s word, and only while nothing moves here', () => {
  expect(cameraIsOff(still(1, 0), said('full', 'off'))).toBe(true)
  expect(cameraIsOff(still(0, 0), said('full', 'off'))).toBe(false)
  expect(cameraIsOff(still(60, 0), said('full', 'shown'))).toBe(false)
  expect(cameraIsOff(null, said('full', 'off'))).toBe(false)
})

it.each([
  ['good', still(0, 0), true],
  ['weak', still(0, 0, 0.05), true],
  ['audio-only', still(6, 0), true],
  ['no-signal', still(6, 6), true],
  ['good', still(60, 0), false],
] as const)('what is sent is %s', (health, stats, camera) => {
  expect(sendingHealth('connected', stats, camera)).toBe(health)
})

it.each([
  ['reconnecting', 'reconnecting'],
  ['connecting', 'connecting'],
  ['idle', 'closed'],
] as const)('a link is %s first of all', (health, state: LinkState) => {
  expect(receivingHealth(state, null, true, said('audio'))).toBe(health)
  expect(sendingHealth(state, null, true)).toBe(health)
})

it('of two directions the worse speaks', () => {
  expect(worse('good', 'weak')).toBe('weak')
  expect(worse('reconnecting', 'weak')).toBe('reconnecting')
  expect(worse('good', 'idle')).toBe('good')
  expect(worse('weak', 'reduced')).toBe('reduced')
})
