// The places of the meeting room that other features fill. app/ puts them together, so that no feature imports
// another: the room knows where a panel stands, never what is in it.
import type { ComponentType } from 'react'

export interface PanelProps {
  readonly meetingId: string
}

export interface RoomSlots {
  /** Where we are and what comes, with the papers of each item. features/agenda/screen.tsx */
  readonly Agenda: ComponentType<PanelProps>
  /** The paper everybody follows, with its page bar. features/papers/screen.tsx */
  readonly Papers: ComponentType<PanelProps>
  /** Who speaks, who waits. features/floor/screen.tsx */
  readonly Floor: ComponentType<PanelProps>
  /** The open vote as a sheet, the last result, the chair's levers. features/voting/screen.tsx */
  readonly Voting: ComponentType<PanelProps>
}

/** The element over the room's panels and above its bottom bar, where a vote may rise. */
export const OVERLAY_ID = 'room-overlay'
