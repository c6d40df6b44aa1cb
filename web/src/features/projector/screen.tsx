import { PageSkeleton } from '@/shared/ui/skeletons'

export default function ProjectorScreen() {
  return <PageSkeleton />
}
