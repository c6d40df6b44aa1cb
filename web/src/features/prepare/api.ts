// What the preparing secretary asks of the server: the room as it stands, the directory, and commands.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, call, idempotent, newKey, type Schema } from '@/shared/api/client'

export type Room = Schema<'Room'>
export type Details = Schema<'Details'>
export type Item = Schema<'AgendaItem'>
export type Paper = Schema<'Paper'>
export type Person = Schema<'Person'>
export type Bridge = Schema<'Bridge'>
export type Command = Schema<'Command'>

export const roomKey = (meetingId: string) => ['room', meetingId] as const

export function useRoom(meetingId: string) {
  return useQuery({
    queryKey: roomKey(meetingId),
    queryFn: () =>
      call(api.GET('/api/meetings/{meeting_id}/room', { params: { path: { meeting_id: meetingId } } })),
    refetchInterval: 15_000, // somebody else may prepare the same meeting
  })
}

/** Sends one command; the room is read again before the caller goes on. */
export function useCommand(meetingId: string) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (body: Command) =>
      call(
        api.POST('/api/meetings/{meeting_id}/commands', {
          params: { path: { meeting_id: meetingId } },
          headers: idempotent(newKey()),
          body,
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: roomKey(meetingId) }),
  })
}

export function usePeople() {
  return useQuery({
    queryKey: ['people'],
    queryFn: async () => (await call(api.GET('/api/people'))).items.filter(person => person.active),
  })
}

export function useBridges() {
  return useQuery({
    queryKey: ['bridges'],
    queryFn: async () => (await call(api.GET('/api/bridges'))).items,
  })
}
