import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { authorisedFetch } from '@/shared/api/access'
import { api, call, idempotent, newKey, type Schema } from '@/shared/api/client'
import { problemFrom } from '@/shared/api/problem'

export type Minutes = Schema<'Minutes'>
export type Paragraph = Schema<'Paragraph'>
export type PollRecord = Schema<'PollRecord'>
export type Status = Schema<'MinutesStatus'>
export type Entry = Schema<'Entry'>
export type Room = Schema<'Room'>

const path = (meeting_id: string) => ({ params: { path: { meeting_id } } })

/** Asked again now and then: the other signature comes from another desk. */
export function useDocument(meetingId: string) {
  return useQuery({
    queryKey: ['minutes', meetingId],
    queryFn: () => call(api.GET('/api/meetings/{meeting_id}/minutes', path(meetingId))),
    refetchInterval: 10_000,
  })
}

export function useRoom(meetingId: string) {
  return useQuery({
    queryKey: ['room', meetingId],
    queryFn: () => call(api.GET('/api/meetings/{meeting_id}/room', path(meetingId))),
    refetchInterval: 10_000,
  })
}

/** The whole journal, page by page: what sentences rest on. */
export function useJournal(meetingId: string, enabled: boolean) {
  return useQuery({
    queryKey: ['journal', meetingId],
    enabled,
    queryFn: async () => {
      const entries: Entry[] = []
      for (let after = 0; ; ) {
        const page = await call(
          api.GET('/api/meetings/{meeting_id}/journal', {
            params: { path: { meeting_id: meetingId }, query: { after } },
          }),
        )
        entries.push(...page.entries)
        if (page.upto >= page.last || page.upto <= after) return entries
        after = page.upto
      }
    },
  })
}

export function useCommands(meetingId: string) {
  const queries = useQueryClient()
  return useMutation({
    /** One after the other; the first refusal ends it. */
    mutationFn: async (commands: readonly Schema<'Command'>[]) => {
      for (const body of commands)
        await call(
          api.POST('/api/meetings/{meeting_id}/commands', {
            ...path(meetingId),
            headers: idempotent(newKey()),
            body,
          }),
        )
    },
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ['minutes', meetingId] }),
        queries.invalidateQueries({ queryKey: ['room', meetingId] }),
      ]),
  })
}

/** Asked again and again: with each answer comes the cookie that lets the player in for the next minutes. */
export function useRecordings(meetingId: string, enabled: boolean) {
  return useQuery({
    queryKey: ['recordings', meetingId],
    enabled,
    queryFn: () => call(api.GET('/api/meetings/{meeting_id}/recordings', path(meetingId))),
    refetchInterval: 60_000,
  })
}

/** The paper as it stands: a preview while it is a draft, else the locked or signed file. */
export async function fetchPdf(meetingId: string): Promise<Blob> {
  const url = new URL(`/api/meetings/${meetingId}/minutes/pdf`, location.origin)
  const response = await authorisedFetch(new Request(url))
  if (!response.ok) throw problemFrom(response.status, await response.json().catch(() => null))
  return response.blob()
}
