import { ActionIcon, Button, Progress } from '@mantine/core'
import { IconTrash } from '@tabler/icons-react'
import { useTexts } from '@/shared/i18n/texts'
import type { Poll, Room } from '@/shared/room-types'
import { entitled, may, numbered } from '@/shared/room-views'
import { useFormat, useMe } from '@/shared/session'
import { StatusBadge } from '@/shared/ui/status-badge'
import { type Act, useRoomView } from '@/shared/use-room'
import { texts as pollTexts } from '@/shared/voting/i18n'
import { TallyBar } from '@/shared/voting/tally-bar'
import { baseCount, ruleWords, sumWords } from '@/shared/voting/words'
import { texts } from '../i18n'
import styles from '../voting.module.css'

interface PollCardProps {
  poll: Poll
  room: Room
  meeting_id: string
  act: Act
  onClose: () => void
  onShow: () => void
}

export function PollCard({ poll, room, meeting_id, act, onClose, onShow }: PollCardProps) {
  const t = useTexts(texts)
  const p = useTexts(pollTexts)
  const format = useFormat()
  const me = useMe().id
  const number = numbered(room.agenda).find(one => one.item.id === poll.item_id)?.number
  const presides = may(room, 'preside')
  const { tally } = poll
  return (
    <li className={styles.card} data-state={poll.state}>
      <p className={styles.question}>{poll.question}</p>
      {poll.state === 'prepared' && (
        <>
          <p className={styles.small}>
            {number && `${t('about', { number })} · `}
            {ruleWords(p, poll.rule, baseCount(room, poll))}
          </p>
          <div className={styles.levers}>
            {presides && room.meeting.state === 'open' && (
              <Button
                variant="light"
                loading={act.pending}
                onClick={() => void act.run({ kind: 'open_poll', poll_id: poll.id })}
              >
                {t('open')}
              </Button>
            )}
            {may(room, 'prepare_polls') && (
              <ActionIcon
                aria-label={`${t('cancel')}: ${poll.question}`}
                onClick={() => void act.run({ kind: 'cancel_poll', poll_id: poll.id })}
              >
                <IconTrash size={22} aria-hidden />
              </ActionIcon>
            )}
          </div>
        </>
      )}
      {poll.state === 'open' && (
        <>
          <Turnout meeting_id={meeting_id} poll={poll} />
          <p className={styles.small}>{ruleWords(p, poll.rule, baseCount(room, poll))}</p>
          <div className={styles.levers}>
            {entitled(room, poll, me) && (
              <Button variant="light" onClick={onShow}>
                {t(poll.id in room.me.ballots ? 'mine' : 'vote')}
              </Button>
            )}
            {presides && (
              <Button variant="default" onClick={onClose}>
                {t('close')}
              </Button>
            )}
          </div>
        </>
      )}
      {tally && (
        <>
          <span>
            <StatusBadge tone={tally.carried ? 'good' : 'bad'}>
              {p(tally.carried ? 'carried' : 'rejected')}
            </StatusBadge>
          </span>
          <TallyBar tally={tally} />
          <p className={styles.small}>{sumWords(p, format, poll.rule, tally)}</p>
          <div className={styles.levers}>
            <Button variant="default" onClick={onShow}>
              {t('result')}
            </Button>
          </div>
        </>
      )}
    </li>
  )
}

export function Turnout({ meeting_id, poll }: { meeting_id: string; poll: Poll }) {
  const p = useTexts(pollTexts)
  const told = useRoomView(meeting_id, view => view.turnout[poll.id])
  const cast = told?.cast ?? 0
  const all = told?.entitled ?? poll.entitled.length
  return (
    <div className={styles.turnout}>
      <span className="dh-numbers">{p('turnout', { cast, entitled: all })}</span>
      <Progress
        value={all === 0 ? 0 : (100 * cast) / all}
        color="for"
        size="lg"
        aria-label={p('turnout', { cast, entitled: all })}
      />
    </div>
  )
}
