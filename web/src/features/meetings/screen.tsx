import { PageSkeleton } from '@/shared/ui/skeletons'

export default function MeetingsScreen() {
  return <PageSkeleton />
}
