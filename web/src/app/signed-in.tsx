// The door: pages below it have a signed-in person, who comes back to where he or she wanted to go.
import { Navigate, Outlet, useLocation } from 'react-router'
import { useSession } from '@/shared/session'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { PageSkeleton } from '@/shared/ui/skeletons'
import styles from './frame.module.css'

export function SignedIn() {
  const session = useSession()
  const here = useLocation()
  switch (session.status) {
    case 'starting':
      return <PageSkeleton />
    case 'unknown':
      return (
        <main className={styles.centre}>
          <ProblemNotice problem={session.problem} onRetry={session.retry} />
        </main>
      )
    case 'signed-out':
      return <Navigate to="/signin" replace state={{ from: `${here.pathname}${here.search}` }} />
    case 'signed-in':
      return <Outlet />
  }
}
