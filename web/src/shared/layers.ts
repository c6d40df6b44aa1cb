// In which sizes a picture is sent (simulcast): a bridge on a narrow line gets a smaller one, the hall the largest.
// Pure: encodings and a track's own account of itself in, encodings out.

/** The best first. Sizes for 1280x720: full, half, quarter. Unit of bit rates: bit/s, caps that a talking head fits. */
export const LAYERS: readonly RTCRtpEncodingParameters[] = [
  { rid: 'h', maxBitrate: 1_700_000, maxFramerate: 30 },
  { rid: 'm', maxBitrate: 500_000, maxFramerate: 30, scaleResolutionDownBy: 2 },
  { rid: 'l', maxBitrate: 150_000, maxFramerate: 30, scaleResolutionDownBy: 4 },
]

/** How many of the layers a picture is worth: a small one gains nothing by a quarter, text on a screen is lost in it. */
export function layersFor(track: Pick<MediaStreamTrack, 'getSettings'> | null): number {
  const { width = 0, height = 0, displaySurface } = track?.getSettings() ?? {}
  if (displaySurface !== undefined) return 1
  const longest = Math.max(width, height)
  if (longest === 0 || longest >= 960) return 3 // unknown: the camera was asked for 1280x720
  return longest >= 480 ? 2 : 1
}

/** The same encodings, of which the first so many are sent. */
export const sending = <Encoding extends RTCRtpEncodingParameters>(
  encodings: readonly Encoding[],
  count: number,
): Encoding[] => encodings.map((encoding, place) => ({ ...encoding, active: place < count }))
