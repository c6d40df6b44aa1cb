import { api, call } from '@/shared/api/client'
import type { BridgePresence } from '@/shared/room-types'

/** The lines of all invited bridges, for who may see them. */
export async function fetchWall(meetingId: string): Promise<readonly BridgePresence[]> {
  const path = { meeting_id: meetingId }
  return (await call(api.GET('/api/meetings/{meeting_id}/wall', { params: { path } }))).bridges
}
