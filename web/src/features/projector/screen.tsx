// The wall of the hall: one thing, huge, no levers. It decides nothing; the scene follows from the room.
import { useEffect } from 'react'
import { useParams } from 'react-router'
import { useServerNow } from '@/shared/clock'
import { useTexts } from '@/shared/i18n/texts'
import type { Room } from '@/shared/room-types'
import { quorum } from '@/shared/room-views'
import { useFormat } from '@/shared/session'
import { PageTitle } from '@/shared/ui/page-title'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { RecordingBadge } from '@/shared/ui/recording-badge'
import { CardSkeleton } from '@/shared/ui/skeletons'
import { useRoomClient, useRoomView } from '@/shared/use-room'
import { texts } from './i18n'
import { PageScene } from './parts/page-scene'
import { ItemScene, SpeakerScene, WordsScene } from './parts/plain-scenes'
import { PollScene, ResultScene } from './parts/poll-scenes'
import styles from './projector.module.css'
import { sceneOf } from './scene'

export default function ProjectorScreen() {
  const { id = '' } = useParams()
  return <Wall key={id} meeting_id={id} />
}

function Wall({ meeting_id }: { meeting_id: string }) {
  const t = useTexts(texts)
  const client = useRoomClient(meeting_id)
  const room = useRoomView(meeting_id, view => view.room)
  const problem = useRoomView(meeting_id, view => view.problem)
  useAwake()
  if (room === null)
    return (
      <main className={styles.wall} aria-label={t('title')}>
        <div className={styles.scene}>
          {problem ? (
            <ProblemNotice problem={problem} onRetry={() => void client.load()} />
          ) : (
            <CardSkeleton />
          )}
        </div>
      </main>
    )
  return (
    <main className={styles.wall} aria-label={t('title')}>
      <PageTitle>{`${t('title')}: ${room.meeting.details.title}`}</PageTitle>
      <Scene room={room} />
      <Foot room={room} />
    </main>
  )
}

function Scene({ room }: { room: Room }) {
  const t = useTexts(texts)
  const format = useFormat()
  const scene = sceneOf(room, useServerNow(5_000))
  const { details } = room.meeting
  switch (scene.kind) {
    case 'waiting':
      return (
        <WordsScene
          kicker={t('waiting')}
          title={details.title}
          lines={[details.place, t('startsAt', { time: format.time(details.starts_at) })]}
        />
      )
    case 'closed':
      return <WordsScene kicker={t('closed')} title={details.title} lines={[]} />
    case 'poll':
      return <PollScene room={room} poll={scene.poll} />
    case 'result':
      return <ResultScene poll={scene.poll} />
    case 'page':
      return <PageScene room={room} scene={scene} />
    case 'speaker':
      return <SpeakerScene turn={scene.turn} item={scene.item} room={room} />
    case 'item':
      return scene.item ? (
        <ItemScene item={scene.item} />
      ) : (
        <WordsScene kicker={t('session')} title={details.title} lines={[details.place]} />
      )
  }
}

function Foot({ room }: { room: Room }) {
  const t = useTexts(texts)
  const format = useFormat()
  const now = useServerNow(1_000)
  const line = useRoomView(room.meeting.id, view => view.line)
  const count = quorum(room)
  const words = t('present', { present: count.present, members: count.members })
  return (
    <footer className={styles.foot}>
      <span className={styles.name} title={room.meeting.details.title}>
        {room.meeting.details.title}
      </span>
      {line === 'reconnecting' || line === 'offline' ? (
        <span role="status" className={styles.lost}>
          {t('lost')}
        </span>
      ) : (
        <span className="dh-numbers">
          {words} · {t(count.reached ? 'quorum' : 'noQuorum')}
        </span>
      )}
      <span className={styles.end}>
        <RecordingBadge room={room} />
        <time className={styles.clock}>{format.time(now)}</time>
      </span>
    </footer>
  )
}

/** The hall's screen must not go to sleep; where the browser refuses, the machine's own settings rule. */
function useAwake(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | null = null
    let gone = false
    const ask = async (): Promise<void> => {
      if (!('wakeLock' in navigator) || document.visibilityState !== 'visible') return
      lock = await navigator.wakeLock.request('screen').catch(() => null)
      if (gone) void lock?.release()
    }
    const again = (): void => void ask()
    again()
    document.addEventListener('visibilitychange', again)
    return () => {
      gone = true
      document.removeEventListener('visibilitychange', again)
      void lock?.release()
    }
  }, [])
}
