import { useQuery } from '@tanstack/react-query'
import { api, call, type Schema } from '@/shared/api/client'

export type MeetingCard = Schema<'MeetingCard'>

/** The list is asked again every half minute: an invitation or an opening shows without a press. */
const REFRESH_MS = 30_000

export function useMeetings() {
  return useQuery({
    queryKey: ['meetings'],
    queryFn: async () => (await call(api.GET('/api/meetings'))).items,
    refetchInterval: REFRESH_MS,
  })
}
