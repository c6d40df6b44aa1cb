import { IconPlayerRecordFilled } from '@tabler/icons-react'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import type { Room } from '@/shared/room-types'
import { StatusBadge } from './status-badge'

/** Whoever is recorded must know it: on every screen of the session for as long as it lasts. */
export function RecordingBadge({ room }: { room: Room }) {
  const t = useTexts(common)
  if (room.meeting.recording_since === null) return null
  return (
    <span role="status" title={t('recording.told')} data-testid="recording">
      <StatusBadge tone="bad" icon={IconPlayerRecordFilled} strong>
        {t('recording.now')}
      </StatusBadge>
    </span>
  )
}
