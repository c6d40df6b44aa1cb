// The joined bridge: its devices, its links, and the phase's screen above the bar.
import { useEffect, useState } from 'react'
import { MediaDoor } from '@/shared/media/media-access'
import { useCapture } from '@/shared/media/use-capture'
import { usePublisher, useViewer } from '@/shared/media/use-link'
import { cameraIsOff, type Health, receivingHealth, sendingHealth, worse } from '@/shared/peer-stats'
import type { Room } from '@/shared/room-types'
import { useMe } from '@/shared/session'
import { useCheckedIn } from '@/shared/use-checked-in'
import { useRoomView } from '@/shared/use-room'
import { airOf, phaseOf } from '../stage'
import { useWakeLock } from '../use-wake-lock'
import { AirEdge } from './air-edge'
import { Bar } from './bar'
import { Ended } from './ended'
import styles from './hall.module.css'
import { Holding } from './holding'
import { Programme } from './programme'

/** Slots of the programme's sound: whoever is on air, and the centre that asks the questions. */
const SOUNDS = 2

export function Hall({ meetingId, room }: { meetingId: string; room: Room }) {
  const me = useMe()
  const [door] = useState(() => new MediaDoor(meetingId))
  const { capture, now } = useCapture()
  const phase = phaseOf(room)
  const air = airOf(room, me.id)
  const watching = phase !== 'ended'
  const sending = watching && air !== 'off'
  const othersOnAir = ![null, me.id].includes(room.meeting.on_air_bridge_id)
  const { viewer, now: seen } = useViewer('main', door.watching, SOUNDS, watching, othersOnAir)
  const sent = usePublisher('own', door.publishing, now.video, now.audio, sending)
  const line = useRoomView(meetingId, view => view.line)
  const word = useRoomView(meetingId, view => view.word)

  useWakeLock(watching)
  useCheckedIn(meetingId, room, me.id)
  useEffect(() => {
    if (!watching) return capture.end()
    void capture.setCamera(true)
    void capture.setMicrophone(true)
  }, [capture, watching])

  const received = receivingHealth(
    seen?.state ?? 'idle',
    seen?.stats ?? null,
    room.meeting.on_air_bridge_id !== null,
    word,
  )
  const given: Health = sent === null ? 'idle' : sendingHealth(sent.state, sent.stats, now.video !== null)
  const news: Health = line === 'reconnecting' || line === 'offline' ? 'reconnecting' : 'idle'
  const health = worse(worse(received, given), news)

  return (
    <main className={styles.hall} data-testid="bridge-screen" data-phase={phase} data-air={air}>
      <div className={styles.stage}>
        {phase === 'holding' && <Holding room={room} capture={capture} now={now} link={seen} />}
        {phase === 'programme' && (
          <Programme
            room={room}
            viewer={viewer}
            now={seen}
            health={received}
            cameraOff={cameraIsOff(seen?.stats ?? null, word)}
            own={air === 'on-air' && now.video === null}
            speakerId={now.speakerId}
          />
        )}
        {phase === 'ended' && <Ended />}
      </div>
      {phase !== 'ended' && (
        <Bar
          meetingId={meetingId}
          room={room}
          capture={capture}
          now={now}
          health={health}
          air={air}
          sending={sent?.state === 'connected'}
          links={{
            seen: { now: seen, health: received },
            sent: sent && { now: sent, health: given },
          }}
        />
      )}
      <AirEdge air={air} connected={sent?.state === 'connected'} camera={now.video !== null} />
    </main>
  )
}
