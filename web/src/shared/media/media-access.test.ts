import { afterEach, expect, it, vi } from 'vitest'
import { LinkTrouble } from '@/shared/peer'
import { serve } from '@/shared/test/serve'
import { MediaDoor } from './media-access'

const ASK = 'POST /api/meetings/m1/media'
const access = (change = {}) => ({
  whip_url: '/media/whip/m1',
  publish_token: 'p',
  whep_url: '/media/whep/m1/main',
  watch_token: 'w',
  preview_whep_url: null,
  preview_token: null,
  ice_servers: [{ urls: ['turn:turn.test'], username: 'u', credential: null }],
  expires_at: new Date(Date.now() + 600_000).toISOString(),
  ...change,
})

afterEach(() => vi.useRealTimers())

it('asks once for all links, again when a token was refused or runs out', async () => {
  vi.useFakeTimers()
  const { asked } = serve({ [ASK]: [200, access()] })
  const door = new MediaDoor('m1')
  const [watching, publishing] = await Promise.all([door.watching(false), door.publishing(false)])
  expect(watching).toEqual({
    url: '/media/whep/m1/main',
    token: 'w',
    iceServers: [{ urls: ['turn:turn.test'], username: 'u' }],
  })
  expect(publishing.token).toBe('p')
  expect(asked).toHaveLength(1)
  await door.watching(true)
  expect(asked).toHaveLength(2)
  vi.advanceTimersByTime(560_000)
  await door.watching(false)
  expect(asked).toHaveLength(2)
  vi.advanceTimersByTime(20_000)
  await door.watching(false)
  expect(asked).toHaveLength(3)
})

it('says what is wrong, and asks again after a failure', async () => {
  const { now } = serve({ [ASK]: [503, { code: 'relay-unreachable' }] })
  const door = new MediaDoor('m1')
  await expect(door.watching(false)).rejects.toMatchObject({ code: 'relay-unreachable' })
  now({ [ASK]: [200, access()] })
  await expect(door.watching(false)).resolves.toMatchObject({ token: 'w' })
  await expect(door.previewing(false)).rejects.toEqual(new LinkTrouble('media-not-yours', true))
})
