import { useEffect, useState, useSyncExternalStore } from 'react'
import { Capture, type CaptureSnapshot } from './capture'
import { listen } from './level'

/** This device's camera and microphone for as long as the screen stands. */
export function useCapture(): { capture: Capture; now: CaptureSnapshot } {
  const [capture] = useState(() => new Capture())
  useEffect(() => () => capture.end(), [capture])
  return { capture, now: useSyncExternalStore(capture.subscribe, capture.snapshot) }
}

/** The loudness of a track, 0 to 1; 0 without one. Renders the caller about twelve times a second: keep it small. */
export function useLevel(track: MediaStreamTrack | null): number {
  const [level, setLevel] = useState(0)
  useEffect(() => {
    setLevel(0)
    return track === null ? undefined : listen(track, setLevel)
  }, [track])
  return level
}
