// The room client for React: one per meeting and person on a page, shared by every panel, alive while one is shown.
import { createContext, useContext, useEffect, useState } from 'react'
import { useStore } from 'zustand'
import { type ApiProblem, asProblem } from './api/problem'
import { RoomClient, type RoomView } from './room-client'
import type { Command, Done, Room } from './room-types'
import { useMe } from './session'

/** For tests: how a client is made. */
export const RoomClientContext = createContext(
  (meeting_id: string, actor_id: string) => new RoomClient(meeting_id, actor_id),
)

interface Shared {
  readonly client: RoomClient
  users: number
}
const shared = new Map<string, Shared>()

/** The meeting's client; it starts with the first panel that asks and stops soon after the last has gone. */
export function useRoomClient(meeting_id: string): RoomClient {
  const make = useContext(RoomClientContext)
  const actor_id = useMe().id
  const key = `${actor_id} ${meeting_id}`
  const [client] = useClient(key, () => make(meeting_id, actor_id))
  return client
}

function useClient(key: string, make: () => RoomClient): [RoomClient] {
  const found = shared.get(key) ?? { client: make(), users: 0 }
  shared.set(key, found)
  useEffect(() => {
    found.users += 1
    found.client.start()
    return () => {
      found.users -= 1
      // A moment's grace: screens change within one meeting.
      setTimeout(() => {
        if (found.users > 0) return
        found.client.stop()
        if (shared.get(key) === found) shared.delete(key)
      }, 500)
    }
  }, [found, key])
  return [found.client]
}

export function useRoomView<T>(meeting_id: string, pick: (view: RoomView) => T): T {
  return useStore(useRoomClient(meeting_id).store, pick)
}

/** The room, once it is there. Panels are shown only then. */
export function useRoom(meeting_id: string): Room {
  const room = useRoomView(meeting_id, view => view.room)
  if (room === null) throw new Error('a panel was shown before its room')
  return room
}

export interface Act {
  /** Does the command; true when recorded. A refusal is kept in `problem`. */
  readonly run: (command: Command) => Promise<Done | null>
  readonly pending: boolean
  readonly problem: ApiProblem | null
  readonly clear: () => void
}

/** One lever: pressed, pending, done or refused. */
export function useAct(meeting_id: string): Act {
  const client = useRoomClient(meeting_id)
  const [pending, setPending] = useState(0)
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const run = async (command: Command): Promise<Done | null> => {
    setPending(count => count + 1)
    setProblem(null)
    try {
      return await client.send(command)
    } catch (error) {
      setProblem(asProblem(error))
      return null
    } finally {
      setPending(count => count - 1)
    }
  }
  return { run, pending: pending > 0, problem, clear: () => setProblem(null) }
}
