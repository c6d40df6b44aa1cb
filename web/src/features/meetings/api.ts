import { useQuery } from '@tanstack/react-query'
import { accessToken } from '@/shared/api/access'
import { api, call, type Schema } from '@/shared/api/client'
import { asProblem, isPassing } from '@/shared/api/problem'
import { recall, remember } from '@/shared/device-memory'

export type MeetingCard = Schema<'MeetingCard'>

/** The list is asked again every half minute: an invitation or an opening shows without a press. */
const REFRESH_MS = 30_000

/** The list, and without a line as this device last saw it. */
async function readMeetings(): Promise<readonly MeetingCard[]> {
  try {
    const { items } = await call(api.GET('/api/meetings'))
    void remember('meetings', items)
    return items
  } catch (error) {
    const kept = isPassing(asProblem(error)) || accessToken() === null ? await recall('meetings') : null
    if (kept === null) throw error
    return kept
  }
}

export function useMeetings() {
  return useQuery({
    queryKey: ['meetings'],
    queryFn: readMeetings,
    refetchInterval: REFRESH_MS,
  })
}
