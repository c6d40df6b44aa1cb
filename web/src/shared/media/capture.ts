// This device's camera and microphone: which are chosen, whether they run, and why not when they do not.
// It holds the tracks and hands them out; it knows nothing of connections. No React.
import { keep, kept } from '@/shared/preferences'

/** `refused`: the person or the browser's policy said no. `busy`: another program holds it. */
export type DeviceState = 'off' | 'starting' | 'on' | 'refused' | 'missing' | 'busy' | 'insecure'

export interface Device {
  readonly id: string
  readonly label: string
}

export interface CaptureSnapshot {
  readonly camera: DeviceState
  readonly microphone: DeviceState
  readonly video: MediaStreamTrack | null
  readonly audio: MediaStreamTrack | null
  readonly cameras: readonly Device[]
  readonly microphones: readonly Device[]
  readonly speakers: readonly Device[]
  readonly cameraId: string | null
  readonly microphoneId: string | null
  readonly speakerId: string | null
}

type Part = 'camera' | 'microphone'

const KEYS = {
  camera: 'dienhong-camera',
  microphone: 'dienhong-microphone',
  speaker: 'dienhong-speaker',
} as const

const VIDEO: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 25, max: 30 },
}
const AUDIO: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true }

export function stateOfFailure(error: unknown): DeviceState {
  const name = error instanceof Error || error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused'
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy'
  return 'missing'
}

export class Capture {
  #snapshot: CaptureSnapshot = {
    camera: 'off',
    microphone: 'off',
    video: null,
    audio: null,
    cameras: [],
    microphones: [],
    speakers: [],
    cameraId: kept(KEYS.camera),
    microphoneId: kept(KEYS.microphone),
    speakerId: kept(KEYS.speaker),
  }
  readonly #listeners = new Set<() => void>()
  /** What the person wants, whatever the devices do. */
  #wanted = { camera: false, microphone: false }
  /** Raised by every start and stop of a part, so that a late answer of the browser is let go. */
  #turn = { camera: 0, microphone: 0 }

  readonly snapshot = (): CaptureSnapshot => this.#snapshot

  readonly subscribe = (listener: () => void): (() => void) => {
    if (this.#listeners.size === 0) media()?.addEventListener('devicechange', this.#devicesChanged)
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) media()?.removeEventListener('devicechange', this.#devicesChanged)
    }
  }

  async setCamera(on: boolean): Promise<void> {
    this.#wanted.camera = on
    if (on) await this.#start('camera')
    else this.#stop('camera') // the lamp beside the lens goes out
  }

  /** Off keeps the device and sends silence: the first word after "on" must not be lost. */
  async setMicrophone(on: boolean): Promise<void> {
    this.#wanted.microphone = on
    const { audio } = this.#snapshot
    if (audio === null) {
      if (on) await this.#start('microphone')
      return
    }
    audio.enabled = on
    this.#tell({ microphone: on ? 'on' : 'off' })
  }

  async choose(part: Part | 'speaker', id: string): Promise<void> {
    keep(KEYS[part], id)
    if (part === 'speaker') return this.#tell({ speakerId: id })
    this.#tell(part === 'camera' ? { cameraId: id } : { microphoneId: id })
    if (this.#wanted[part]) await this.#start(part)
  }

  /** Everything off, every device free. */
  end(): void {
    this.#wanted = { camera: false, microphone: false }
    this.#stop('camera')
    this.#stop('microphone')
  }

  #tell(change: Partial<CaptureSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change }
    for (const listener of this.#listeners) listener()
  }

  #set(part: Part, state: DeviceState, track: MediaStreamTrack | null): void {
    this.#tell(part === 'camera' ? { camera: state, video: track } : { microphone: state, audio: track })
  }

  #track(part: Part): MediaStreamTrack | null {
    return part === 'camera' ? this.#snapshot.video : this.#snapshot.audio
  }

  #stop(part: Part, state: DeviceState = 'off'): void {
    this.#turn[part] += 1
    this.#track(part)?.stop()
    this.#set(part, state, null)
  }

  async #start(part: Part): Promise<void> {
    const devices = media()
    if (devices === null) return this.#set(part, 'insecure', null)
    this.#stop(part, 'starting')
    const turn = this.#turn[part]
    try {
      const track = await open(
        devices,
        part,
        part === 'camera' ? this.#snapshot.cameraId : this.#snapshot.microphoneId,
      )
      if (turn !== this.#turn[part]) return track.stop()
      track.addEventListener('ended', () => {
        if (this.#track(part) === track) this.#stop(part, 'missing')
      })
      if (part === 'camera') track.contentHint = 'motion'
      this.#set(part, 'on', track)
      await this.#list()
    } catch (error) {
      if (turn === this.#turn[part]) this.#set(part, stateOfFailure(error), null)
    }
  }

  async #list(): Promise<void> {
    const all = (await media()?.enumerateDevices()) ?? []
    const of = (kind: MediaDeviceKind): Device[] =>
      all
        .filter(device => device.kind === kind && device.deviceId !== '')
        .map((device, n) => ({ id: device.deviceId, label: device.label || `${n + 1}` }))
    this.#tell({ cameras: of('videoinput'), microphones: of('audioinput'), speakers: of('audiooutput') })
  }

  /** A cable was put in or pulled: what is wanted and missing is tried again. */
  readonly #devicesChanged = (): void => {
    void this.#list()
    for (const part of ['camera', 'microphone'] as const) {
      const state = this.#snapshot[part]
      if (this.#wanted[part] && (state === 'missing' || state === 'busy')) void this.#start(part)
    }
  }
}

const media = (): MediaDevices | null =>
  typeof navigator !== 'undefined' && 'mediaDevices' in navigator ? (navigator.mediaDevices ?? null) : null

/** The chosen device, or any other when the chosen one is gone. */
async function open(devices: MediaDevices, part: Part, id: string | null): Promise<MediaStreamTrack> {
  const base = part === 'camera' ? VIDEO : AUDIO
  const asked = id === null ? base : { ...base, deviceId: { ideal: id } }
  const stream = await devices.getUserMedia(part === 'camera' ? { video: asked } : { audio: asked })
  const track = stream.getTracks().at(0)
  if (track === undefined) throw new DOMException('no track', 'NotFoundError')
  return track
}
