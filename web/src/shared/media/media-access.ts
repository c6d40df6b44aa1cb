// The meeting's addresses and tokens for the relay, asked once for several links and asked again before they expire.
import { api, call, type Schema } from '@/shared/api/client'
import { asProblem } from '@/shared/api/problem'
import { serverNow } from '@/shared/clock'
import { type AskGate, LinkTrouble, type MediaGate } from '@/shared/peer'

type MediaAccess = Schema<'MediaAccess'>

/** A token is not used in its last half minute: the clocks of two machines differ. */
const MARGIN_MS = 30_000

export class MediaDoor {
  #access: Promise<MediaAccess> | null = null
  #until_ms = 0

  constructor(private readonly meetingId: string) {}

  readonly publishing: AskGate = fresh => this.#gate(fresh, a => [a.whip_url, a.publish_token])
  readonly watching: AskGate = fresh => this.#gate(fresh, a => [a.whep_url, a.watch_token])
  readonly previewing: AskGate = fresh => this.#gate(fresh, a => [a.preview_whep_url, a.preview_token])

  async #gate(
    fresh: boolean,
    pick: (access: MediaAccess) => readonly [string | null, string | null],
  ): Promise<MediaGate> {
    const access = await this.#ask(fresh)
    const [url, token] = pick(access)
    if (url === null || token === null) throw new LinkTrouble('media-not-yours', true)
    return { url, token, iceServers: access.ice_servers.map(iceServer) }
  }

  #ask(fresh: boolean): Promise<MediaAccess> {
    if (this.#access === null || fresh || Date.now() > this.#until_ms) {
      this.#until_ms = Date.now() + MARGIN_MS // other links wait for the same answer
      this.#access = this.#fetch()
      this.#access.catch(() => {
        this.#access = null
      })
    }
    return this.#access
  }

  async #fetch(): Promise<MediaAccess> {
    try {
      const path = { meeting_id: this.meetingId }
      const access = await call(api.POST('/api/meetings/{meeting_id}/media', { params: { path } }))
      const lasts_ms = Date.parse(access.expires_at) - serverNow()
      this.#until_ms = Date.now() + Math.max(0, lasts_ms - MARGIN_MS)
      return access
    } catch (error) {
      throw new LinkTrouble(asProblem(error).code)
    }
  }
}

/** What a browser takes: no nulls. */
const iceServer = ({ urls, username, credential }: Schema<'IceServer'>): RTCIceServer => ({
  urls,
  ...(username ? { username } : {}),
  ...(credential ? { credential } : {}),
})
