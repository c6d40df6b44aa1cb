// What getStats() says, as plain values once a second, and a connection's health in one word.
// Pure: a report and the values before it in, new values out. It knows no words for people; see media/words.ts.
import type { PictureState, Rendition } from './room-types'

/** The members we read of the entries of an RTCStatsReport (W3C webrtc-stats), all optional as browsers differ. */
interface Entry {
  readonly id: string
  readonly type: string
  readonly kind?: string
  readonly framesDecoded?: number
  readonly framesEncoded?: number
  readonly framesPerSecond?: number
  readonly frameWidth?: number
  readonly frameHeight?: number
  readonly packetsReceived?: number
  readonly packetsSent?: number
  readonly packetsLost?: number
  readonly bytesReceived?: number
  readonly bytesSent?: number
  readonly fractionLost?: number
  readonly roundTripTime?: number
  readonly currentRoundTripTime?: number
  readonly audioLevel?: number
  readonly totalAudioEnergy?: number
  readonly jitter?: number
  readonly nominated?: boolean
  readonly state?: string
}

export interface ReportLike {
  forEach(take: (entry: Entry) => void): void
}

export interface VideoFlow {
  /** Frames decoded (watching) or encoded (publishing) since this connection began. */
  readonly frames: number
  readonly fps: number
  readonly width: number
  readonly height: number
  readonly kbps: number
}

export interface AudioFlow {
  readonly packets: number
  /** 0 to 1, now. */
  readonly level: number
  /** Grows while anything but silence is heard. */
  readonly energy: number
  readonly kbps: number
}

export interface FlowStats {
  readonly at_ms: number
  readonly video: VideoFlow | null
  /** One per audio slot, in the order of the report. */
  readonly audio: readonly AudioFlow[]
  /** Share of packets lost over the last few seconds, 0 to 1; null while unknown. One bad second is no verdict. */
  readonly loss: number | null
  readonly rtt_ms: number | null
  readonly jitter_ms: number | null
  /** How long no new frame has come, and no new sound. */
  readonly videoStill_s: number
  readonly audioStill_s: number
  /** Running totals, for the next reading's differences. */
  readonly totals: Totals
}

interface Totals {
  readonly received: number
  readonly lost: number
  readonly videoBytes: number
  readonly audioBytes: readonly number[]
}

/** Unit: kbit/s from a difference of bytes over milliseconds. */
const rate = (bytes: number, before: number | undefined, over_ms: number): number =>
  before === undefined || over_ms <= 0 ? 0 : Math.max(0, Math.round(((bytes - before) * 8) / over_ms))

const round = (value: number | undefined, scale: number): number | null =>
  value === undefined ? null : Math.round(value * scale)

/** One reading. `before` is the last reading of the same connection, null for the first. */
export function readStats(
  report: ReportLike,
  direction: 'in' | 'out',
  before: FlowStats | null,
  at_ms: number,
): FlowStats {
  const flows: Entry[] = []
  const remote: Entry[] = []
  const sources: Entry[] = []
  let pair: Entry | undefined
  report.forEach(entry => {
    if (entry.type === (direction === 'in' ? 'inbound-rtp' : 'outbound-rtp')) flows.push(entry)
    else if (entry.type === 'remote-inbound-rtp') remote.push(entry)
    else if (entry.type === 'media-source') sources.push(entry)
    else if (entry.type === 'candidate-pair' && entry.nominated && entry.state === 'succeeded') pair = entry
  })
  const over_ms = before === null ? 0 : at_ms - before.at_ms
  const videos = flows.filter(flow => flow.kind === 'video')
  const audios = flows.filter(flow => flow.kind === 'audio')
  const bytes = (flow: Entry): number => (direction === 'in' ? flow.bytesReceived : flow.bytesSent) ?? 0
  const packets = (flow: Entry): number => (direction === 'in' ? flow.packetsReceived : flow.packetsSent) ?? 0
  const sum = (of: (flow: Entry) => number, list: readonly Entry[]): number =>
    list.reduce((total, flow) => total + of(flow), 0)

  const heard = sources.find(source => source.kind === 'audio')
  const totals: Totals = {
    received: sum(packets, flows),
    lost: sum(flow => flow.packetsLost ?? 0, flows),
    videoBytes: sum(bytes, videos),
    audioBytes: audios.map(bytes),
  }
  // A simulcast has a flow for each layer: the largest that moves is the picture; a suspended one stands still.
  const width = (flow: Entry): number => ((flow.framesPerSecond ?? 0) > 0 ? (flow.frameWidth ?? 0) : -1)
  const best = videos.toSorted((a, b) => width(b) - width(a)).at(0)
  const frames = (flow: Entry): number => (direction === 'in' ? flow.framesDecoded : flow.framesEncoded) ?? 0
  const video: VideoFlow | null =
    best === undefined
      ? null
      : {
          frames: Math.max(...videos.map(frames)),
          fps: Math.round(best.framesPerSecond ?? 0),
          width: best.frameWidth ?? 0,
          height: best.frameHeight ?? 0,
          kbps: rate(totals.videoBytes, before?.totals.videoBytes, over_ms),
        }
  const audio = audios.map((flow, n): AudioFlow => {
    const sound = direction === 'in' ? flow : heard
    return {
      packets: packets(flow),
      level: sound?.audioLevel ?? 0,
      energy: sound?.totalAudioEnergy ?? 0,
      kbps: rate(bytes(flow), before?.totals.audioBytes[n], over_ms),
    }
  })
  const framesMoved = (video?.frames ?? 0) > (before?.video?.frames ?? 0)
  const soundMoved =
    sum(packets, audios) > (before === null ? 0 : before.audio.reduce((n, a) => n + a.packets, 0))
  const waited_s = over_ms / 1000
  return {
    at_ms,
    video,
    audio,
    loss: smoothed(direction === 'in' ? lossIn(totals, before) : lossOut(remote), before),
    rtt_ms: round(
      pair?.currentRoundTripTime ?? remote.find(r => r.roundTripTime !== undefined)?.roundTripTime,
      1000,
    ),
    jitter_ms: round(best?.jitter ?? audios.at(0)?.jitter, 1000),
    videoStill_s: framesMoved || before === null ? 0 : before.videoStill_s + waited_s,
    audioStill_s: soundMoved || before === null ? 0 : before.audioStill_s + waited_s,
    totals,
  }
}

const NEWEST = 0.3

function smoothed(loss: number | null, before: FlowStats | null): number | null {
  const known = before?.loss ?? null
  if (loss === null || known === null) return loss ?? known
  return known + (loss - known) * NEWEST
}

function lossIn(totals: Totals, before: FlowStats | null): number | null {
  if (before === null) return null
  const lost = Math.max(0, totals.lost - before.totals.lost)
  const received = Math.max(0, totals.received - before.totals.received)
  return lost + received === 0 ? null : lost / (lost + received)
}

function lossOut(remote: readonly Entry[]): number | null {
  const told = remote.flatMap(entry => (entry.fractionLost === undefined ? [] : [entry.fractionLost]))
  return told.length === 0 ? null : Math.max(...told)
}

export type LinkState = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'closed'

/**
 * A connection in one word. `reduced`, `audio-only`: the line is weak and the relay sends less of the picture, or none.
 * `no-signal`: a picture is due and does not come; the line may be well.
 */
export type Health =
  | 'idle'
  | 'connecting'
  | 'good'
  | 'weak'
  | 'reduced'
  | 'audio-only'
  | 'no-signal'
  | 'reconnecting'

/**
 * The relay's word of a received picture: how much of it this line bears, and what comes from whoever is on air.
 * A picture that stands still does not tell whose fault that is; null: not told.
 */
export interface RelayWord {
  readonly rendition: Rendition | null
  readonly picture: PictureState | null
}

export const UNTOLD: RelayWord = { rendition: null, picture: null }

const WEAK_LOSS = 0.03
const WEAK_RTT_MS = 600
/** Longer than the three seconds a relay may hold a switch for a key frame. */
const STILL_S = 4

/** `onAir`: somebody is, so a picture is due. */
export function receivingHealth(
  state: LinkState,
  stats: FlowStats | null,
  onAir: boolean,
  { rendition, picture }: RelayWord,
): Health {
  return healthOf(state, stats, ({ videoStill_s }) => {
    if (!onAir) return null
    // Eyes before ears: what moves is no sound only, though the word of its coming back is not here yet.
    if (rendition === 'audio') return videoStill_s > 0 ? 'audio-only' : null
    if (videoStill_s >= STILL_S && picture !== 'off') return 'no-signal'
    return rendition === 'medium' || rendition === 'low' ? 'reduced' : null
  })
}

/** `camera`: one is given, so a picture is due. A browser whose line is weak sends the sound alone. */
export function sendingHealth(state: LinkState, stats: FlowStats | null, camera: boolean): Health {
  return healthOf(state, stats, ({ videoStill_s, audioStill_s }) => {
    if (!camera || videoStill_s < STILL_S) return null
    return audioStill_s < STILL_S ? 'audio-only' : 'no-signal'
  })
}

/** Whoever is on air sends sound and no picture: nobody's line is to blame. */
export const cameraIsOff = (stats: FlowStats | null, { picture }: RelayWord): boolean =>
  picture === 'off' && stats !== null && stats.videoStill_s > 0

function healthOf(
  state: LinkState,
  stats: FlowStats | null,
  ofPicture: (stats: FlowStats) => Health | null,
): Health {
  if (state === 'idle' || state === 'closed') return 'idle'
  if (state === 'connecting') return 'connecting'
  if (state === 'reconnecting') return 'reconnecting'
  if (stats === null) return 'good'
  const weak = (stats.loss ?? 0) >= WEAK_LOSS || (stats.rtt_ms ?? 0) >= WEAK_RTT_MS
  return ofPicture(stats) ?? (weak ? 'weak' : 'good')
}

const WORST_LAST: readonly Health[] = [
  'idle',
  'good',
  'connecting',
  'no-signal',
  'weak',
  'reduced',
  'audio-only',
  'reconnecting',
]

/** The worse of two directions: what one bar can say of both. */
export const worse = (a: Health, b: Health): Health =>
  WORST_LAST.indexOf(a) >= WORST_LAST.indexOf(b) ? a : b
