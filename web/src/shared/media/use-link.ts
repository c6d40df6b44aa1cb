// Links that live as long as a screen wants them.
import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { type AskGate, type LinkSnapshot, type Publisher, publish, type Viewer, watch } from '@/shared/peer'

const never = (): (() => void) => () => undefined
const nothing = (): null => null

function useSnapshot(link: Pick<Viewer, 'snapshot' | 'subscribe'> | null): LinkSnapshot | null {
  return useSyncExternalStore<LinkSnapshot | null>(link?.subscribe ?? never, link?.snapshot ?? nothing)
}

/** Watches a programme while `wanted`. `expected`: somebody else is on air, so silence means trouble. */
export function useViewer(
  name: string,
  gate: AskGate,
  sounds: number,
  wanted: boolean,
  expected: boolean,
): { viewer: Viewer | null; now: LinkSnapshot | null } {
  const [viewer, setViewer] = useState<Viewer | null>(null)
  const expects = useRef(expected)
  useEffect(() => {
    expects.current = expected
  }, [expected])
  useEffect(() => {
    if (!wanted) return
    const opened = watch({ name, gate, sounds, expected: () => expects.current })
    setViewer(opened)
    return () => {
      opened.close()
      setViewer(null)
    }
  }, [name, gate, sounds, wanted])
  return { viewer, now: useSnapshot(viewer) }
}

/** Publishes this device while `wanted`; another camera or microphone needs no new connection. */
export function usePublisher(
  name: string,
  gate: AskGate,
  video: MediaStreamTrack | null,
  audio: MediaStreamTrack | null,
  wanted: boolean,
): LinkSnapshot | null {
  const [publisher, setPublisher] = useState<Publisher | null>(null)
  useEffect(() => {
    if (!wanted) return
    const opened = publish({ name, gate, video: null, audio: null })
    setPublisher(opened)
    return () => {
      opened.close()
      setPublisher(null)
    }
  }, [name, gate, wanted])
  // Before the offer goes out this has run once: the first offer carries the tracks already.
  useEffect(() => publisher?.send(video, audio), [publisher, video, audio])
  return useSnapshot(publisher)
}
