import type { Room, Status } from './api'

export type Act = 'compile' | 'lock' | 'sign'
export type Next = Act | 'wait-secretary' | 'wait-chair' | null

/** The rules of rooms/signing.py, as far as a page must know which button to offer. */
export function nextAct(room: Pick<Room, 'me' | 'meeting'>, status: Status): Next {
  const may = (right: Room['me']['rights'][number]) => room.me.rights.includes(right)
  const signed = (role: string) => status.signatures.some(signature => signature.role === role)
  if (room.meeting.state !== 'closed') return null
  if (status.state === 'none') return may('write_minutes') ? 'compile' : null
  if (status.state === 'draft') return may('write_minutes') ? 'lock' : null
  if (status.state === 'signed') return null
  if (!signed('secretary')) return may('sign_as_secretary') ? 'sign' : 'wait-secretary'
  return may('sign_as_chair') ? 'sign' : 'wait-chair'
}
