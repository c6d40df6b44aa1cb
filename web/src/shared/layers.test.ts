import { describe, expect, it } from 'vitest'
import { LAYERS, layersFor, sending } from './layers'

const track = (settings: MediaTrackSettings) => ({ getSettings: () => settings })

describe('layers', () => {
  it.each([
    [{ width: 1280, height: 720 }, 3],
    [{ width: 720, height: 1280 }, 3], // a tablet held upright
    [{ width: 640, height: 360 }, 2],
    [{ width: 320, height: 180 }, 1],
    [{}, 3],
    [{ width: 1920, height: 1080, displaySurface: 'monitor' }, 1],
  ])('a picture of %j is sent in %i', (settings, count) => {
    expect(layersFor(track(settings))).toBe(count)
  })

  it('without a camera yet, all are offered', () => {
    expect(layersFor(null)).toBe(LAYERS.length)
  })

  it('switches off from the smallest and keeps the rest as it is', () => {
    const sent = sending(LAYERS, 2)
    expect(sent.map(layer => [layer.rid, layer.active])).toEqual([
      ['h', true],
      ['m', true],
      ['l', false],
    ])
    expect(sent[1]).toMatchObject({ maxBitrate: 500_000, scaleResolutionDownBy: 2 })
  })
})
