import type { PanelProps } from '@/shared/room-slots'
import { ListSkeleton } from '@/shared/ui/skeletons'

export default function VotingPanel(_: PanelProps) {
  return <ListSkeleton />
}
