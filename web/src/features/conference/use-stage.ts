// The director's levers: stand by, on air, back to centre, undo. What is on air is asked of nobody and taken back
// by one press.
import { useEffect, useRef, useState } from 'react'
import type { Room } from '@/shared/room-types'
import { type Act, useAct } from '@/shared/use-room'

export interface Switch {
  readonly from: string | null
  readonly to: string | null
}

export interface Stage extends Pick<Act, 'problem' | 'clear'> {
  readonly onAir: string | null
  readonly standBy: string | null
  readonly centre: string | null
  /** The bridge a press has just asked for, until the room says so. */
  readonly asked: { readonly lever: 'stand-by' | 'on-air'; readonly id: string | null } | null
  /** The last change of the programme, for a little while. */
  readonly last: Switch | null
  /** False before convening and after closing. */
  readonly allowed: boolean
  prepare(id: string | null): void
  putOnAir(id: string | null): void
  toCentre(): void
  /** Preview to programme. */
  take(): void
  record(on: boolean): void
  undo(): void
}

const UNDO_SHOWN_MS = 15_000

export function useStage(meetingId: string, room: Room): Stage {
  const { run, problem, clear } = useAct(meetingId)
  const [asked, setAsked] = useState<Stage['asked']>(null)
  const { on_air_bridge_id: onAir, stand_by_bridge_id: standBy, state } = room.meeting
  const centre = room.bridges.find(one => one.role === 'central_bridge')?.bridge_id ?? null
  const last = useLastSwitch(onAir)

  const pull = async (lever: 'stand-by' | 'on-air', id: string | null): Promise<void> => {
    setAsked({ lever, id })
    await run(
      lever === 'on-air' ? { kind: 'put_on_air', bridge_id: id } : { kind: 'stand_by', bridge_id: id },
    )
    setAsked(null)
  }
  const putOnAir = (id: string | null): void => {
    if (id !== onAir) void pull('on-air', id)
  }
  return {
    onAir,
    standBy,
    centre,
    asked,
    last,
    allowed: state === 'convened' || state === 'open',
    problem,
    clear,
    prepare: id => {
      if (id !== onAir && id !== standBy) void pull('stand-by', id)
    },
    putOnAir,
    toCentre: () => {
      if (centre !== null) putOnAir(centre)
    },
    take: () => {
      if (standBy !== null) putOnAir(standBy)
    },
    record: on => void run({ kind: 'record', on }),
    undo: () => {
      if (last !== null) putOnAir(last.from)
    },
  }
}

/** Follows the room, so that a change by another director can be undone as well. */
function useLastSwitch(onAir: string | null): Switch | null {
  const [last, setLast] = useState<Switch | null>(null)
  const before = useRef(onAir)
  useEffect(() => {
    if (before.current === onAir) return
    setLast({ from: before.current, to: onAir })
    before.current = onAir
    const fading = setTimeout(() => setLast(null), UNDO_SHOWN_MS)
    return () => clearTimeout(fading)
  }, [onAir])
  return last
}
