// Short names for the generated types of the meeting's vocabulary. No type is written by hand here: they come
// from the server's own classes, so that a change there stops our build.
import type { Schema } from './api/client'

export type Room = Schema<'Room'>
export type Meeting = Schema<'Meeting'>
export type AgendaItem = Schema<'AgendaItem'>
export type Paper = Schema<'Paper'>
export type Attendant = Schema<'Attendant'>
export type BridgeSeat = Schema<'BridgeSeat'>
export type Turn = Schema<'Turn'>
export type Poll = Schema<'Poll'>
export type PollRule = Schema<'PollRule'>
export type Threshold = Schema<'Threshold'>
export type VoteBase = Schema<'VoteBase'>
export type Tally = Schema<'Tally'>
export type Choice = Schema<'Choice'>
export type Role = Schema<'Role'>
export type Right = Schema<'Right'>
export type MinutesStatus = Schema<'MinutesStatus'>
export type Event = Schema<'Event'>
export type Entry = Schema<'Entry'>
export type JournalPage = Schema<'Journal'>
export type Command = Schema<'Command'>
export type Done = Schema<'Done'>

/** Counts of an open poll as the server tells them, without the choices. */
export type Turnout = Schema<'Turnout'>
/** How a bridge's line is, as the operators' wall is told. */
export type BridgePresence = Schema<'WallBridge'>
/** How much of the picture a line bears, and what comes from whoever is on air: the relay's word. */
export type Rendition = Schema<'Rendition'>
export type PictureState = Schema<'PictureState'>
