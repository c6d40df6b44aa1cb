import { useMemo, useRef, useState } from 'react'
import { MediaDoor } from '@/shared/media/media-access'
import { useCapture } from '@/shared/media/use-capture'
import { usePublisher, useViewer } from '@/shared/media/use-link'
import type { Room } from '@/shared/room-types'
import { may } from '@/shared/room-views'
import { useMe } from '@/shared/session'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { useCheckedIn } from '@/shared/use-checked-in'
import { useRoomView } from '@/shared/use-room'
import type { KeyAct } from '../desk-keys'
import { useBridgeLinks } from '../use-bridge-links'
import { useDeskKeys, useSourceKeys } from '../use-keys'
import { useStage } from '../use-stage'
import { countsOf, tilesOf } from '../wall-model'
import styles from './desk.module.css'
import { DeskBar } from './desk-bar'
import { Monitors } from './monitors'
import { OwnBridge } from './own-bridge'
import { Sources } from './sources'
import { TalkBack } from './talk-back'
import { Wall } from './wall'

/** The commune that speaks and the centre that answers. */
const SOUNDS = 2

export function Desk({ meetingId, room }: { meetingId: string; room: Room }) {
  const me = useMe()
  const [door] = useState(() => new MediaDoor(meetingId))
  const stage = useStage(meetingId, room)
  const { links, known } = useBridgeLinks(meetingId)
  const tiles = useMemo(() => tilesOf(room, links), [room, links])
  const counts = useMemo(() => countsOf(tiles), [tiles])
  const sources = useSourceKeys(meetingId, stage.onAir, stage.standBy, stage.centre)
  const [troubleOnly, setTroubleOnly] = useState(false)
  const search = useRef<HTMLInputElement>(null)

  const live = room.meeting.state !== 'closed'
  const own = me.kind === 'bridge' && may(room, 'publish')
  const { capture, now } = useCapture()
  const main = useViewer('main', door.watching, SOUNDS, live, stage.onAir !== null)
  const preview = useViewer('preview', door.previewing, 1, live, stage.standBy !== null)
  const sent = usePublisher('own', door.publishing, now.video, now.audio, own && stage.allowed)
  const word = useRoomView(meetingId, view => view.word)
  useCheckedIn(meetingId, room, me.id)

  useDeskKeys((act: KeyAct) => {
    if (act.act === 'search') return search.current?.focus()
    if (act.act === 'trouble') return setTroubleOnly(before => !before)
    if (!stage.allowed) return
    if (act.act === 'centre') return stage.toCentre()
    if (act.act === 'take') return stage.take()
    if (act.act === 'undo') return stage.undo()
    const id = act.key === 1 ? stage.centre : (sources.keys[act.key - 2]?.id ?? null)
    if (id !== null) stage.prepare(id)
  })

  return (
    <div className={styles.whole}>
      <DeskBar meetingId={meetingId} room={room} stage={stage} main={main.now} />
      <main className={styles.desk} data-testid="desk">
        <Monitors
          room={room}
          stage={stage}
          tiles={tiles}
          main={main}
          word={word}
          preview={preview}
          speakerId={now.speakerId}
          heardHere={own}
        />
        <aside className={styles.side}>
          <OwnBridge room={room} stage={stage} tiles={tiles} own={own ? { capture, now, sent } : null} />
          <TalkBack room={room} stage={stage} tiles={tiles} />
        </aside>
        <div className={styles.keys}>
          {stage.problem !== null && <ProblemNotice problem={stage.problem} onRetry={stage.clear} />}
          <Sources tiles={tiles} stage={stage} keys={sources.keys} />
        </div>
        <Wall
          tiles={tiles}
          counts={counts}
          known={known}
          open={room.meeting.state === 'open'}
          stage={stage}
          keys={sources}
          troubleOnly={troubleOnly}
          onTroubleOnly={setTroubleOnly}
          search={search}
        />
      </main>
    </div>
  )
}
