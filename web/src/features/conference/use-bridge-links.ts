// How every bridge's line is: the whole picture once and whenever our own line was cut, then what the feed changes.
import { useEffect, useRef, useState } from 'react'
import { asProblem } from '@/shared/api/problem'
import type { BridgePresence } from '@/shared/room-types'
import { useRoomView } from '@/shared/use-room'
import { fetchWall } from './api'
import type { Links } from './wall-model'

const AGAIN_MS = 5_000

export function useBridgeLinks(meetingId: string): { links: Links; known: boolean } {
  const [links, setLinks] = useState<Links>({})
  const [known, setKnown] = useState(false)
  const told = useRoomView(meetingId, view => view.bridges)
  const line = useRoomView(meetingId, view => view.line)
  const before = useRef(told)

  useEffect(() => {
    if (line !== 'good') return
    let again: ReturnType<typeof setTimeout> | undefined
    let ended = false
    const ask = async (): Promise<void> => {
      try {
        const wall = await fetchWall(meetingId)
        if (ended) return
        setLinks(Object.fromEntries(wall.map(one => [one.bridge_id, one])))
        setKnown(true)
      } catch (error) {
        const { status } = asProblem(error)
        if (!ended && status !== 403 && status !== 404) again = setTimeout(() => void ask(), AGAIN_MS)
      }
    }
    void ask()
    return () => {
      ended = true
      clearTimeout(again)
    }
  }, [meetingId, line])

  useEffect(() => {
    const changed: Record<string, BridgePresence> = {}
    for (const [id, link] of Object.entries(told)) if (before.current[id] !== link) changed[id] = link
    before.current = told
    if (Object.keys(changed).length > 0) setLinks(now => ({ ...now, ...changed }))
  }, [told])

  return { links, known }
}
