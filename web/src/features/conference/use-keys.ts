import { useCallback, useEffect, useRef, useState } from 'react'
import { keep, kept as keptOnDevice } from '@/shared/preferences'
import { actOfKey, type KeyAct } from './desk-keys'
import { dropped, type Keys, kept, keysFrom } from './sources'

/** Calls `take` for the director's keys, wherever the focus is, unless letters are being written. */
export function useDeskKeys(take: (act: KeyAct) => void): void {
  const latest = useRef(take)
  useEffect(() => {
    latest.current = take
  })
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (document.querySelector('[role="dialog"]') !== null) return
      const { target } = event
      const typing =
        target instanceof HTMLElement &&
        (target.isContentEditable ||
          target.matches('input:not([type=radio], [type=checkbox]), textarea, select'))
      const act = actOfKey(event, typing)
      if (act === null) return
      event.preventDefault()
      latest.current(act)
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [])
}

/** The bridges on the keys 2 to 9, kept on this device for this meeting. */
export function useSourceKeys(
  meetingId: string,
  onAir: string | null,
  standBy: string | null,
  centre: string | null,
) {
  const place = `dienhong-sources-${meetingId}`
  const [keys, setKeys] = useState<Keys>(() => keysFrom(keptOnDevice(place)))
  const add = useCallback(
    (id: string | null) => {
      if (id === null || id === centre) return
      const busy = new Set([onAir, standBy].filter(one => one !== null))
      setKeys(before => kept(before, id, busy))
    },
    [centre, onAir, standBy],
  )
  // biome-ignore lint/correctness/useExhaustiveDependencies: each use renews a key once, not each render
  useEffect(() => add(standBy), [standBy, centre])
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  useEffect(() => add(onAir), [onAir, centre])
  useEffect(() => keep(place, JSON.stringify(keys)), [place, keys])
  return { keys, add, drop: (id: string) => setKeys(before => dropped(before, id)) }
}
