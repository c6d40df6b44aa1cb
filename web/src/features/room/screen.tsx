import { useParams } from 'react-router'
import type { RoomSlots } from '@/shared/room-slots'

export default function RoomScreen({ slots: { Papers, Floor, Voting } }: { slots: RoomSlots }) {
  const { id = '' } = useParams()
  return (
    <main>
      <Papers meetingId={id} />
      <Floor meetingId={id} />
      <Voting meetingId={id} />
    </main>
  )
}
