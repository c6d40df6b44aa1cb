import { type PointerEvent, useRef } from 'react'

const FAR_PX = 60
const SLANT = 1.7

interface Swipe {
  onPointerDown: (event: PointerEvent) => void
  onPointerUp: (event: PointerEvent) => void
  onPointerCancel: () => void
}

/** A finger's clear move to one side turns the page; a slanted one is scrolling. */
export function useSwipe(turn: (step: number) => void, enabled: boolean): Swipe {
  const from = useRef<{ x: number; y: number; id: number } | null>(null)
  return {
    onPointerDown: event => {
      // A second finger is a pinch, and the first then no swipe either.
      const single = enabled && event.isPrimary && event.pointerType !== 'mouse'
      from.current = single ? { x: event.clientX, y: event.clientY, id: event.pointerId } : null
    },
    onPointerUp: event => {
      const start = from.current
      from.current = null
      if (start === null || start.id !== event.pointerId) return
      const x = event.clientX - start.x
      const y = event.clientY - start.y
      if (Math.abs(x) >= FAR_PX && Math.abs(x) > SLANT * Math.abs(y)) turn(x < 0 ? 1 : -1)
    },
    onPointerCancel: () => {
      from.current = null
    },
  }
}
