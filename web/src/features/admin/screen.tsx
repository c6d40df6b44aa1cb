import { PageSkeleton } from '@/shared/ui/skeletons'

export default function AdminScreen() {
  return <PageSkeleton />
}
