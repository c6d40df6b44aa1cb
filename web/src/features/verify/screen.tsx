import { PageSkeleton } from '@/shared/ui/skeletons'

export default function VerifyScreen() {
  return <PageSkeleton />
}
