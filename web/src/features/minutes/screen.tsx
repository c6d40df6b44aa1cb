import { PageSkeleton } from '@/shared/ui/skeletons'

export default function MinutesScreen() {
  return <PageSkeleton />
}
