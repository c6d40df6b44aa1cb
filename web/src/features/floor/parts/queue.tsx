import { ActionIcon, Button, UnstyledButton } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { useState } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import type { Room, Turn } from '@/shared/room-types'
import { attendantOf } from '@/shared/room-views'
import { useFormat, useMe } from '@/shared/session'
import { PersonName } from '@/shared/ui/person-name'
import type { Act } from '@/shared/use-room'
import styles from '../floor.module.css'
import { texts } from '../i18n'

const MINUTES = [1, 3, 5] as const

interface QueueProps {
  turns: readonly Turn[]
  room: Room
  presides: boolean
  act: Act
}

/** Who waits, first come first. For the chair one of them is chosen, the first unless another is tapped. */
export function Queue({ turns, room, presides, act }: QueueProps) {
  const t = useTexts(texts)
  const [picked, setPicked] = useState<string | null>(null)
  const chosen = presides ? (turns.find(turn => turn.id === picked) ?? turns[0]) : undefined
  return (
    <ol className={styles.queue} aria-label={t('queue')}>
      {turns.map((turn, index) => (
        <li key={turn.id} className={styles.row} data-chosen={turn === chosen || undefined}>
          {turn === chosen ? (
            <>
              <div className={styles.head}>
                <Who turn={turn} index={index} room={room} />
                <ActionIcon
                  aria-label={t('strike', { name: turn.name })}
                  onClick={() => void act.run({ kind: 'withdraw_floor', turn_id: turn.id })}
                >
                  <IconX size={22} aria-hidden />
                </ActionIcon>
              </div>
              <Give turn={turn} act={act} />
            </>
          ) : presides ? (
            <UnstyledButton
              className={styles.pick ?? ''}
              aria-label={t('choose', { name: turn.name })}
              onClick={() => setPicked(turn.id)}
            >
              <Who turn={turn} index={index} room={room} />
            </UnstyledButton>
          ) : (
            <Who turn={turn} index={index} room={room} />
          )}
        </li>
      ))}
    </ol>
  )
}

function Who({ turn, index, room }: { turn: Turn; index: number; room: Room }) {
  const t = useTexts(texts)
  const format = useFormat()
  const mine = turn.speaker_id === useMe().id
  const position = attendantOf(room, turn.speaker_id)?.position
  const kind = turn.speaker_kind === 'bridge' ? t('bridge') : position
  return (
    <span className={styles.person}>
      <span className={`dh-numbers ${styles.order}`}>{index + 1}</span>
      <span>
        <PersonName name={mine ? `${turn.name} (${t('you')})` : turn.name} title={kind || undefined} />
        <span className={styles.asked}>{t('askedAt', { time: format.time(turn.asked_at) })}</span>
      </span>
    </span>
  )
}

function Give({ turn, act }: { turn: Turn; act: Act }) {
  const t = useTexts(texts)
  const give = (limit_s: number | null): void =>
    void act.run({ kind: 'give_floor', turn_id: turn.id, limit_s })
  return (
    // biome-ignore lint/a11y/useSemanticElements: a row of buttons is no fieldset of a form
    <div className={styles.give} role="group" aria-label={t('give')}>
      {MINUTES.map(count => (
        <Button
          key={count}
          variant="light"
          color="for"
          className={styles.limit ?? ''}
          aria-label={t('giveMinutes', { name: turn.name, count })}
          onClick={() => give(count * 60)}
        >
          {t('minutes', { count })}
        </Button>
      ))}
      <Button
        variant="light"
        color="for"
        className={styles.limit ?? ''}
        aria-label={t('giveFree', { name: turn.name })}
        onClick={() => give(null)}
      >
        {t('free')}
      </Button>
    </div>
  )
}
