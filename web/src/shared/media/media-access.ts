// The meeting's addresses and tokens for the relay, asked once for several links and asked again before they expire.
import { authorisedFetch } from '@/shared/api/access'
import { problemFrom } from '@/shared/api/problem'
import { type AskGate, LinkTrouble, type MediaGate } from '@/shared/peer'

export interface MediaAccess {
  readonly whip_url: string | null
  readonly whep_url: string | null
  readonly preview_whep_url: string | null
  readonly publish_token: string | null
  readonly watch_token: string | null
  readonly preview_token: string | null
  readonly ice_servers: readonly RTCIceServer[]
  readonly expires_at: string
}

/** A token is not used in its last half minute: the clocks of two machines differ. */
const MARGIN_MS = 30_000

const isAccess = (body: unknown): body is MediaAccess =>
  typeof body === 'object' && body !== null && 'ice_servers' in body && 'expires_at' in body

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
    return { url, token, iceServers: access.ice_servers }
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
    const url = new URL(`/api/meetings/${encodeURIComponent(this.meetingId)}/media`, location.origin)
    const response = await authorisedFetch(new Request(url, { method: 'POST' }))
    const body: unknown = await response.json().catch(() => null)
    if (!response.ok || !isAccess(body)) throw new LinkTrouble(problemFrom(response.status, body).code)
    // Lifetime by our own clock: the difference to the server's may be large, the lifetime is not.
    const served = Date.parse(response.headers.get('Date') ?? '') || Date.now()
    this.#until_ms = Date.now() + Math.max(0, Date.parse(body.expires_at) - served - MARGIN_MS)
    return body
  }
}
