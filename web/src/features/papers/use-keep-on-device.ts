// Brings the meeting's papers onto the device one after the other, the current item's first, so that they can be
// read when the line goes. Begins at a random moment: a hall of tablets must not ask for everything at once.
import { useEffect } from 'react'
import { forgetOthers, isOnDevice, paperBytes } from '@/shared/pdf/paper-cache'
import { useMe } from '@/shared/session'
import { useRoom } from '@/shared/use-room'

const BEGIN_WITHIN_MS = 8_000
/** Unit: bytes. More than this of a meeting is read over the line only. */
const MOST_BYTES = 300_000_000

export function useKeepOnDevice(meeting_id: string): void {
  const actor_id = useMe().id
  const { papers, meeting } = useRoom(meeting_id)
  const current = meeting.current_item_id
  const wanted = papers
    .filter(paper => paper.state === 'ready')
    .toSorted((a, b) => Number(b.item_id === current) - Number(a.item_id === current))
    .map(paper => `${paper.id} ${paper.size_bytes}`)
    .join(';')

  useEffect(() => {
    void forgetOthers(actor_id)
  }, [actor_id])

  useEffect(() => {
    if (wanted === '') return
    let live = true
    const fetchAll = async (): Promise<void> => {
      let room_bytes = MOST_BYTES
      for (const one of wanted.split(';')) {
        const [id = '', size = '0'] = one.split(' ')
        const size_bytes = Number(size)
        room_bytes -= size_bytes
        if (!live || room_bytes < 0) return
        if (await isOnDevice({ actor_id, meeting_id }, id)) continue
        await paperBytes({ actor_id, meeting_id }, { id, size_bytes })
      }
    }
    const timer = setTimeout(
      () => void fetchAll().catch(() => undefined),
      1_000 + Math.random() * BEGIN_WITHIN_MS,
    )
    return () => {
      live = false
      clearTimeout(timer)
    }
  }, [actor_id, meeting_id, wanted])
}
