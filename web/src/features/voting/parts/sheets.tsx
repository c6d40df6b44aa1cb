// What rises over the room: the ballot of an open poll, then its result. Each stays until it is put away.
import { Portal } from '@mantine/core'
import { useEffect, useState } from 'react'
import { OVERLAY_ID } from '@/shared/room-slots'
import type { Room } from '@/shared/room-types'
import { openPoll } from '@/shared/room-views'
import { useMe } from '@/shared/session'
import { useGestureOver } from '../use-gesture-over'
import { BallotSheet } from './ballot-sheet'
import { ResultSheet } from './result-sheet'

interface SheetsProps {
  room: Room
  meeting_id: string
  /** A poll whose ballot or result was asked for by a tap. */
  shown: string | null
  onShown: (poll_id: string | null) => void
}

export function Sheets({ room, meeting_id, shown, onShown }: SheetsProps) {
  const me = useMe().id
  const open = openPoll(room)
  const [away, setAway] = useState<string | null>(null)
  const [seen, setSeen] = useState<string | null>(null)
  const open_id = open?.id ?? null

  // The poll this screen saw open: its result is shown by itself when it closes.
  useEffect(() => {
    if (open_id !== null) setSeen(open_id)
  }, [open_id])

  const closed = room.polls.find(poll => poll.state === 'closed' && (poll.id === shown || poll.id === seen))
  const votes = open?.entitled.includes(me) === true && open.id !== away
  const wanted = votes ? open.id : (closed?.id ?? null)
  const risen = useGestureOver(wanted)
  const poll = room.polls.find(one => one.id === risen)

  const putAway = (): void => {
    if (poll?.state === 'open') setAway(poll.id)
    else setSeen(null)
    onShown(null)
  }
  // A tap on the panel's button brings a put-away ballot back.
  useEffect(() => {
    if (shown !== null && shown === open_id) setAway(null)
  }, [shown, open_id])

  if (!poll || poll.id !== wanted) return null
  return (
    <Portal target={`#${OVERLAY_ID}`}>
      {poll.state === 'open' ? (
        <BallotSheet key={poll.id} poll={poll} room={room} meeting_id={meeting_id} onAway={putAway} />
      ) : (
        <ResultSheet key={poll.id} poll={poll} room={room} onAway={putAway} />
      )}
    </Portal>
  )
}
