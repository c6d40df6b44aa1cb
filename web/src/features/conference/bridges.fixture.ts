// A province's worth of bridges, the same each time. For tests and for measuring only.
import type { BridgePresence, BridgeSeat } from '@/shared/room-types'

const NAMES = [
  'Hoằng Hóa',
  'Đông Sơn',
  'Nga Thắng',
  'Hậu Lộc',
  'Bỉm Sơn',
  'Thường Xuân',
  'Lang Chánh',
  'Yên Định',
]

export const seat = (n: number, change: Partial<BridgeSeat> = {}): BridgeSeat => ({
  bridge_id: `bridge-${n}`,
  name: `Xã ${NAMES[n % NAMES.length]} ${Math.floor(n / NAMES.length) + 1}`,
  code: `TH-${String(n).padStart(4, '0')}`,
  role: 'commune_bridge',
  checked_in_at: null,
  left_at: null,
  heads: null,
  ...change,
})

export const link = (n: number, change: Partial<BridgePresence> = {}): BridgePresence => ({
  bridge_id: `bridge-${n}`,
  online: true,
  publishing: false,
  quality: 'good',
  loss: 0.001,
  jitter_ms: 5,
  rtt_ms: 24,
  rendition: 'full',
  ...change,
})

export const CENTRE = 'bridge-0'

/** Most are well, some are weak, a few are gone, a few never came. */
export function province(count: number): { bridges: BridgeSeat[]; links: Record<string, BridgePresence> } {
  const at = '2026-03-12T00:40:00Z'
  const bridges = Array.from({ length: count }, (_, n) => {
    if (n === 0)
      return seat(0, {
        name: 'Điểm cầu Trung tâm Tỉnh ủy',
        code: 'TT',
        role: 'central_bridge',
        checked_in_at: at,
      })
    return n % 97 === 0 ? seat(n) : seat(n, { checked_in_at: at, heads: 3 + (n % 17) })
  })
  const links = bridges.flatMap((_, n): BridgePresence[] => {
    if (n !== 0 && (n % 97 === 0 || n % 61 === 0)) return []
    const quality = n % 53 === 0 ? 'bad' : n % 23 === 0 ? 'weak' : n % 11 === 0 ? 'unknown' : 'good'
    return [link(n, { quality })]
  })
  return { bridges, links: Object.fromEntries(links.map(one => [one.bridge_id, one])) }
}
