// Puts the room together from five features: the room gives places, the others fill them.
import AgendaPanel from '@/features/agenda/screen'
import FloorPanel from '@/features/floor/screen'
import PapersPanel from '@/features/papers/screen'
import RoomScreen from '@/features/room/screen'
import VotingPanel from '@/features/voting/screen'
import type { RoomSlots } from '@/shared/room-slots'

const slots: RoomSlots = { Agenda: AgendaPanel, Papers: PapersPanel, Floor: FloorPanel, Voting: VotingPanel }

export default function RoomRoute() {
  return <RoomScreen slots={slots} />
}
