// A vote may rise over the room only when no finger is down: nothing moves under a hand.
import { useEffect, useState } from 'react'

const QUIET_MS = 300

let down = new Set<number>()
let listening = false

function listen(): void {
  if (listening) return
  listening = true
  const options = { capture: true, passive: true } as const
  addEventListener('pointerdown', event => down.add(event.pointerId), options)
  for (const end of ['pointerup', 'pointercancel'] as const)
    addEventListener(end, event => down.delete(event.pointerId), options)
  addEventListener('blur', () => {
    down = new Set()
  })
}

/** `wanted`, but turning to another value only once no pointer has been down for a moment. */
export function useGestureOver<T>(wanted: T): T {
  const [value, setValue] = useState(wanted)
  useEffect(() => {
    listen()
    if (Object.is(wanted, value)) return
    if (down.size === 0) {
      setValue(() => wanted)
      return
    }
    const waiting = setInterval(() => {
      if (down.size === 0) setValue(() => wanted)
    }, QUIET_MS)
    return () => clearInterval(waiting)
  }, [wanted, value])
  return value
}
