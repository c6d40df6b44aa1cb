import type { PanelProps } from '@/shared/room-slots'
import { ListSkeleton } from '@/shared/ui/skeletons'

export default function PapersPanel(_: PanelProps) {
  return <ListSkeleton />
}
