import { PageSkeleton } from '@/shared/ui/skeletons'

export default function NewMeetingScreen() {
  return <PageSkeleton />
}
