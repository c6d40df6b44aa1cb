// The server's clock on this device: a timer that everybody sees must not depend on a tablet's own idea of now.
import { useEffect, useState } from 'react'

let offset_ms = 0

/** Tell the clock what the server says now is (snapshot, feed, or an HTTP `Date` header). */
export function setServerTime(at: string | number | Date): void {
  const server = new Date(at).getTime()
  if (Number.isFinite(server)) offset_ms = server - Date.now()
}

/** Unit: milliseconds since 1970, by the server's clock. */
export const serverNow = (): number => Date.now() + offset_ms

/** Now by the server's clock, renewed every `every_ms`; `null` stops it. */
export function useServerNow(every_ms: number | null = 250): number {
  const [now, setNow] = useState(serverNow)
  useEffect(() => {
    if (every_ms === null) return
    setNow(serverNow())
    const ticking = setInterval(() => setNow(serverNow()), every_ms)
    return () => clearInterval(ticking)
  }, [every_ms])
  return now
}
