import { PageSkeleton } from '@/shared/ui/skeletons'

export default function PrepareScreen() {
  return <PageSkeleton />
}
