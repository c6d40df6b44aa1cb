// Votes of the meeting: the panel with questions and results, the ballot that rises over the room, the result.
import { Button } from '@mantine/core'
import { IconPlus, IconThumbUp } from '@tabler/icons-react'
import { useState } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import type { PanelProps } from '@/shared/room-slots'
import type { Poll, Room } from '@/shared/room-types'
import { may } from '@/shared/room-views'
import { EmptyState } from '@/shared/ui/empty-state'
import { Panel } from '@/shared/ui/panel'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { useAct, useRoom } from '@/shared/use-room'
import { ClosePoll } from '@/shared/voting/close-poll'
import { texts } from './i18n'
import { PollCard } from './parts/poll-card'
import { PollForm } from './parts/poll-form'
import { Sheets } from './parts/sheets'
import styles from './voting.module.css'

export default function VotingPanel({ meetingId }: PanelProps) {
  const t = useTexts(texts)
  const room = useRoom(meetingId)
  const act = useAct(meetingId)
  const [preparing, setPreparing] = useState(false)
  const [closing, setClosing] = useState<string | null>(null)
  const [shown, setShown] = useState<string | null>(null)
  const polls = inOrder(room)
  const prepares = may(room, 'prepare_polls') && room.meeting.state !== 'closed'
  return (
    <>
      <Panel
        title={t('title')}
        aside={
          prepares &&
          polls.length > 0 && (
            <Button
              variant="subtle"
              size="sm"
              className={styles.add ?? ''}
              leftSection={<IconPlus size={20} aria-hidden />}
              onClick={() => setPreparing(true)}
            >
              {t('prepare')}
            </Button>
          )
        }
        scrolls
        flush
      >
        <ProblemNotice problem={act.problem} />
        {polls.length === 0 ? (
          <EmptyState
            icon={IconThumbUp}
            title={t('none')}
            hint={prepares ? undefined : t('noneHint')}
            action={
              prepares && (
                <Button variant="default" onClick={() => setPreparing(true)}>
                  {t('prepare')}
                </Button>
              )
            }
          />
        ) : (
          <ul className={styles.list}>
            {polls.map(poll => (
              <PollCard
                key={poll.id}
                poll={poll}
                room={room}
                meeting_id={meetingId}
                act={act}
                onClose={() => setClosing(poll.id)}
                onShow={() => setShown(poll.id)}
              />
            ))}
          </ul>
        )}
      </Panel>
      {preparing && <PollForm room={room} meeting_id={meetingId} onDone={() => setPreparing(false)} />}
      <ClosePoll
        meeting_id={meetingId}
        poll={room.polls.find(poll => poll.id === closing) ?? null}
        onDone={() => setClosing(null)}
      />
      <Sheets room={room} meeting_id={meetingId} shown={shown} onShown={setShown} />
    </>
  )
}

/** Open first, then what is prepared for now, then the rest of the prepared, then results, the latest first. */
function inOrder(room: Room): Poll[] {
  const rank = (poll: Poll): number => {
    if (poll.state === 'open') return 0
    if (poll.state === 'prepared') return poll.item_id === room.meeting.current_item_id ? 1 : 3
    return 2
  }
  const closed = (poll: Poll): number => (poll.closed_at === null ? 0 : Date.parse(poll.closed_at))
  return room.polls.toSorted((a, b) => rank(a) - rank(b) || closed(b) - closed(a))
}
