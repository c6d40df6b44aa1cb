import { PageSkeleton } from '@/shared/ui/skeletons'

export default function ConferenceScreen() {
  return <PageSkeleton />
}
