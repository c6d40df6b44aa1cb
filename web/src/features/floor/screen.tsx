// Who speaks and for how long, who waits. The chair gives the floor with one tap; everybody sees the same clock.
import { IconMicrophone } from '@tabler/icons-react'
import { useTexts } from '@/shared/i18n/texts'
import type { PanelProps } from '@/shared/room-slots'
import { may, speakingTurn, waitingTurns } from '@/shared/room-views'
import { EmptyState } from '@/shared/ui/empty-state'
import { Panel } from '@/shared/ui/panel'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { StatusBadge } from '@/shared/ui/status-badge'
import { useAct, useRoom } from '@/shared/use-room'
import styles from './floor.module.css'
import { texts } from './i18n'
import { Queue } from './parts/queue'
import { Speaker } from './parts/speaker'
import { Spoke } from './parts/spoke'

export default function FloorPanel({ meetingId }: PanelProps) {
  const t = useTexts(texts)
  const room = useRoom(meetingId)
  const act = useAct(meetingId)
  const speaker = speakingTurn(room)
  const live = room.meeting.state === 'open'
  const waiting = live ? waitingTurns(room) : []
  const spoke = live ? [] : room.turns.filter(turn => turn.state === 'done')
  const presides = may(room, 'preside')
  return (
    <Panel
      title={t('title')}
      aside={
        waiting.length > 0 && (
          <StatusBadge tone="neutral" icon={IconMicrophone}>
            {t('waiting', { count: waiting.length })}
          </StatusBadge>
        )
      }
      scrolls
      flush
    >
      <div className={styles.notice}>
        <ProblemNotice problem={act.problem} />
      </div>
      {speaker && <Speaker turn={speaker} presides={presides} act={act} />}
      {waiting.length > 0 && <Queue turns={waiting} room={room} presides={presides} act={act} />}
      {spoke.length > 0 && <Spoke turns={spoke} />}
      {!speaker && waiting.length === 0 && spoke.length === 0 && (
        <EmptyState
          icon={IconMicrophone}
          title={t(room.meeting.state === 'closed' ? 'nobodySpoke' : 'nobody')}
          hint={
            room.meeting.state === 'closed'
              ? undefined
              : t(live && !presides && may(room, 'ask_floor') ? 'nobodyHintMember' : 'nobodyHint')
          }
        />
      )}
    </Panel>
  )
}
