import { useEffect } from 'react'
import type { Room } from './room-types'
import { useAct } from './use-room'

/** A bridge whose screen is up is here: checks it in once, whenever it is due. The head count follows by hand. */
export function useCheckedIn(meetingId: string, room: Room, bridge_id: string): void {
  const { run } = useAct(meetingId)
  const seat = room.bridges.find(one => one.bridge_id === bridge_id)
  const { state } = room.meeting
  const due = (state === 'convened' || state === 'open') && seat !== undefined && seat.checked_in_at == null
  // biome-ignore lint/correctness/useExhaustiveDependencies: once each time it becomes due
  useEffect(() => {
    if (due) void run({ kind: 'check_in', person_id: null, heads: seat?.heads ?? null })
  }, [due])
}
