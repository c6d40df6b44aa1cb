import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, call, type Schema } from '@/shared/api/client'

export type Person = Schema<'Person'>
export type Bridge = Schema<'Bridge'>
export type CodeLink = Schema<'CodeLink'>

export const usePeople = () =>
  useQuery({ queryKey: ['people'], queryFn: async () => (await call(api.GET('/api/people'))).items })

export const useBridges = () =>
  useQuery({ queryKey: ['bridges'], queryFn: async () => (await call(api.GET('/api/bridges'))).items })

/** Adds without `id`, changes with it; the list is asked again before it counts as done. */
export function useSavePerson(id: string | null) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (given: Schema<'NewPerson'> & { active: boolean }) => {
      const { username, active, ...body } = given
      return id === null
        ? call(api.POST('/api/people', { body: { username, ...body } }))
        : call(
            api.PATCH('/api/people/{person_id}', {
              params: { path: { person_id: id } },
              body: { active, ...body },
            }),
          )
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ['people'] }),
  })
}

export function useSaveBridge(id: string | null) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (given: Schema<'NewBridge'> & { active: boolean }) => {
      const { active, ...body } = given
      return id === null
        ? call(api.POST('/api/bridges', { body }))
        : call(
            api.PATCH('/api/bridges/{bridge_id}', {
              params: { path: { bridge_id: id } },
              body: { active, ...body },
            }),
          )
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ['bridges'] }),
  })
}

export const makeLink = (person_id: string): Promise<CodeLink> =>
  call(api.POST('/api/people/{person_id}/links', { params: { path: { person_id } } }))

export const makeJoinCode = (bridge_id: string): Promise<CodeLink> =>
  call(api.POST('/api/bridges/{bridge_id}/join-code', { params: { path: { bridge_id } } }))
