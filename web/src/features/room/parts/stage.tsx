// Places for the panels: three columns where there is room; else the paper alone, the others as sheets from below.
import { Button, CloseButton, Indicator } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconList, IconMicrophone, IconThumbUp } from '@tabler/icons-react'
import { type ReactNode, useEffect, useState } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import { OVERLAY_ID, type RoomSlots } from '@/shared/room-slots'
import type { Room } from '@/shared/room-types'
import { currentItem, openPoll, speakingTurn, waitingTurns } from '@/shared/room-views'
import { texts } from '../i18n'
import styles from '../room.module.css'

type Side = 'agenda' | 'floor' | 'voting'
const SIDES = [
  ['agenda', IconList],
  ['floor', IconMicrophone],
  ['voting', IconThumbUp],
] as const

interface StageProps {
  room: Room
  slots: RoomSlots
}

export function Stage({ room, slots: { Agenda, Papers, Floor, Voting } }: StageProps) {
  const t = useTexts(texts)
  const narrow = useMediaQuery('(max-width: 61.99em)') ?? false
  const [shown, setShown] = useState<Side | null>(null)
  const meetingId = room.meeting.id
  const place = (side: Side): PlaceProps => ({
    side,
    narrow,
    shown: shown === side,
    label: t('tabs.close'),
    onClose: () => setShown(null),
  })

  useEffect(() => {
    if (shown === null) return
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') setShown(null)
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [shown])

  return (
    <div className={styles.stage} data-narrow={narrow || undefined}>
      <Place {...place('agenda')}>
        <Agenda meetingId={meetingId} />
      </Place>
      <div className={styles.paper}>
        <Papers meetingId={meetingId} />
      </div>
      <div className={styles.right}>
        <Place {...place('floor')}>
          <Floor meetingId={meetingId} />
        </Place>
        <Place {...place('voting')}>
          <Voting meetingId={meetingId} />
        </Place>
      </div>
      {narrow && (
        <nav className={styles.tabs} aria-label={t('tabs.title')}>
          {SIDES.map(([side, Glyph]) => (
            <Indicator key={side} disabled={!news(room, side)} color="live" size={12} offset={10} flex={1}>
              <Button
                fullWidth
                variant={shown === side ? 'light' : 'subtle'}
                color={shown === side ? 'accent' : 'abstain'}
                className={styles.tab ?? ''}
                aria-expanded={shown === side}
                leftSection={<Glyph size={22} aria-hidden />}
                onClick={() => setShown(shown === side ? null : side)}
              >
                {t(`tabs.${side}`)}
                <Count room={room} side={side} />
              </Button>
            </Indicator>
          ))}
        </nav>
      )}
      <div id={OVERLAY_ID} className={styles.overlay} />
    </div>
  )
}

const news = (room: Room, side: Side): boolean =>
  side === 'voting' ? openPoll(room) !== null : side === 'floor' && speakingTurn(room) !== null

function Count({ room, side }: { room: Room; side: Side }) {
  const number =
    side === 'agenda'
      ? (currentItem(room)?.number ?? '')
      : side === 'floor'
        ? waitingTurns(room).length
        : room.polls.length
  return number === '' || number === 0 ? null : <span className={`dh-numbers ${styles.count}`}>{number}</span>
}

interface PlaceProps {
  side: Side
  narrow: boolean
  shown: boolean
  label: string
  onClose: () => void
}

/** A column, or a sheet that stays alive while it is out of sight. */
function Place({ side, narrow, shown, label, onClose, children }: PlaceProps & { children: ReactNode }) {
  return (
    <div
      className={styles.place}
      data-side={side}
      data-shown={(narrow && shown) || undefined}
      inert={narrow && !shown}
    >
      {narrow && (
        <CloseButton size="xl" aria-label={label} className={styles.closeSheet ?? ''} onClick={onClose} />
      )}
      {children}
    </div>
  )
}
