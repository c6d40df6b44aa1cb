import { IconCalendarCheck, IconCheck, IconPencil } from '@tabler/icons-react'
import { useTexts } from '@/shared/i18n/texts'
import { StatusBadge } from '@/shared/ui/status-badge'
import type { MeetingCard } from '../api'
import { texts } from '../i18n'

export function StateBadge({ state }: { state: MeetingCard['state'] }) {
  const t = useTexts(texts)
  switch (state) {
    case 'open':
      return (
        <StatusBadge tone="live" strong>
          {t('state.open')}
        </StatusBadge>
      )
    case 'convened':
      return (
        <StatusBadge tone="for" icon={IconCalendarCheck}>
          {t('state.convened')}
        </StatusBadge>
      )
    case 'draft':
      return (
        <StatusBadge tone="neutral" icon={IconPencil}>
          {t('state.draft')}
        </StatusBadge>
      )
    case 'closed':
      return (
        <StatusBadge tone="neutral" icon={IconCheck}>
          {t('state.closed')}
        </StatusBadge>
      )
  }
}
