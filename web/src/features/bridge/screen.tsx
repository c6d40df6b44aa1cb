import { PageSkeleton } from '@/shared/ui/skeletons'

export default function BridgeScreen() {
  return <PageSkeleton />
}
