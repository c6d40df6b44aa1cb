import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Capture, stateOfFailure } from './capture'
import { levelOf } from './level'

class Track extends EventTarget {
  enabled = true
  stopped = false
  contentHint = ''
  constructor(readonly kind: string) {
    super()
  }
  stop() {
    this.stopped = true
  }
}

const devices = Object.assign(new EventTarget(), {
  asked: [] as MediaStreamConstraints[],
  failure: null as DOMException | null,
  async getUserMedia(constraints: MediaStreamConstraints) {
    devices.asked.push(constraints)
    if (devices.failure) throw devices.failure
    const track = new Track(constraints.video ? 'video' : 'audio')
    return { getTracks: () => [track] }
  },
  async enumerateDevices() {
    return [
      { kind: 'videoinput', deviceId: 'c1', label: 'Camera hội trường' },
      { kind: 'audioinput', deviceId: 'm1', label: '' },
      { kind: 'audiooutput', deviceId: '', label: 'hidden' },
    ]
  },
})

beforeEach(() => {
  devices.asked = []
  devices.failure = null
  localStorage.clear()
  vi.stubGlobal('navigator', { mediaDevices: devices })
})
afterEach(() => vi.unstubAllGlobals())

describe('Capture', () => {
  it('opens the camera, lists what there is, and lets go of it', async () => {
    const capture = new Capture()
    await capture.setCamera(true)
    expect(capture.snapshot()).toMatchObject({
      camera: 'on',
      cameras: [{ id: 'c1', label: 'Camera hội trường' }],
      microphones: [{ id: 'm1', label: '1' }],
      speakers: [],
    })
    const track = capture.snapshot().video as unknown as Track
    await capture.setCamera(false)
    expect(track.stopped).toBe(true)
    expect(capture.snapshot()).toMatchObject({ camera: 'off', video: null })
  })

  it('keeps the microphone open while it is off, and silent', async () => {
    const capture = new Capture()
    await capture.setMicrophone(true)
    const track = capture.snapshot().audio as unknown as Track
    await capture.setMicrophone(false)
    expect(track).toMatchObject({ enabled: false, stopped: false })
    expect(capture.snapshot().microphone).toBe('off')
    await capture.setMicrophone(true)
    expect(track.enabled).toBe(true)
    expect(devices.asked).toHaveLength(1)
  })

  it('comes back by itself when a pulled cable is put in again', async () => {
    const capture = new Capture()
    const stop = capture.subscribe(() => undefined)
    await capture.setCamera(true)
    const before = capture.snapshot().video
    before?.dispatchEvent(new Event('ended'))
    expect(capture.snapshot().camera).toBe('missing')
    devices.dispatchEvent(new Event('devicechange'))
    await vi.waitFor(() => expect(capture.snapshot().camera).toBe('on'))
    expect(capture.snapshot().video).not.toBe(before)
    stop()
  })

  it('remembers the choice and asks for it', async () => {
    const capture = new Capture()
    await capture.choose('camera', 'c1')
    expect(devices.asked).toEqual([])
    await capture.setCamera(true)
    expect(devices.asked[0]?.video).toMatchObject({ deviceId: { ideal: 'c1' } })
    expect(new Capture().snapshot().cameraId).toBe('c1')
  })

  it('lets a late camera go when it was turned off meanwhile', async () => {
    const capture = new Capture()
    const opening = capture.setCamera(true)
    await capture.setCamera(false)
    await opening
    expect(capture.snapshot()).toMatchObject({ camera: 'off', video: null })
  })

  it('says why there is no picture', async () => {
    const capture = new Capture()
    devices.failure = new DOMException('no', 'NotAllowedError')
    await capture.setCamera(true)
    expect(capture.snapshot().camera).toBe('refused')
    vi.stubGlobal('navigator', {})
    await capture.setCamera(true)
    expect(capture.snapshot().camera).toBe('insecure')
  })
})

it.each([
  ['NotAllowedError', 'refused'],
  ['NotReadableError', 'busy'],
  ['NotFoundError', 'missing'],
])('%s means %s', (name, state) => {
  expect(stateOfFailure(new DOMException('', name))).toBe(state)
})

it('puts loudness on an ear’s scale', () => {
  expect(levelOf(0)).toBe(0)
  expect(levelOf(0.001)).toBe(0)
  expect(levelOf(1)).toBe(1)
  expect(levelOf(0.03)).toBeGreaterThan(0.5)
})
