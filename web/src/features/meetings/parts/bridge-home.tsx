import { IconBroadcast } from '@tabler/icons-react'
import { Navigate } from 'react-router'
import { useTexts } from '@/shared/i18n/texts'
import { EmptyState } from '@/shared/ui/empty-state'
import type { MeetingCard } from '../api'
import { texts } from '../i18n'
import { obviousAct, order } from '../order'

/** A bridge has no list to choose from: it is where its conference is, and waits when there is none. */
export function BridgeHome({ meetings }: { meetings: readonly MeetingCard[] }) {
  const t = useTexts(texts)
  const { next } = order(meetings)
  if (next) return <Navigate to={obviousAct(next).to} replace />
  return <EmptyState icon={IconBroadcast} title={t('bridge.waiting')} hint={t('bridge.hint')} />
}
