// Whether the session is recorded, and whether that works: the room says what is wanted, the relay what is done.
import { useQuery } from '@tanstack/react-query'
import { api, call } from '@/shared/api/client'
import type { Room } from '@/shared/room-types'

export interface Recording {
  /** The server has a place for recordings. */
  readonly available: boolean
  readonly on: boolean
  /** Wanted, and yet nothing is written. */
  readonly trouble: string | null
}

const LOOK_MS = 5_000
/** A recorder takes a moment to begin. */
const BEGINS_MS = 12_000

export function useRecording(meetingId: string, room: Room): Recording {
  const since = room.meeting.recording_since
  const path = { meeting_id: meetingId }
  const asked = useQuery({
    queryKey: ['recordings', meetingId, since !== null],
    queryFn: () => call(api.GET('/api/meetings/{meeting_id}/recordings', { params: { path } })),
    refetchInterval: since === null ? false : LOOK_MS,
  })
  const told = asked.data
  const begins = since !== null && Date.now() - Date.parse(since) < BEGINS_MS
  const idle = told !== undefined && since !== null && !begins && !told.on
  return {
    available: told?.available ?? false,
    on: since !== null,
    trouble: since === null ? null : (told?.trouble ?? (idle ? 'nothing is written' : null)),
  }
}
