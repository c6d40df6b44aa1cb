// The places of the meeting room that other features fill. app/ puts them together, so that no feature imports
// another: the room knows where a panel stands, never what is in it.
import type { ComponentType } from 'react'

export interface PanelProps {
  readonly meetingId: string
}

export interface RoomSlots {
  /** The paper everybody follows, with its page bar. features/papers/screen.tsx */
  readonly Papers: ComponentType<PanelProps>
  /** Who speaks, who waits. features/floor/screen.tsx */
  readonly Floor: ComponentType<PanelProps>
  /** The open vote as a sheet, the last result, the chair's levers. features/voting/screen.tsx */
  readonly Voting: ComponentType<PanelProps>
}
