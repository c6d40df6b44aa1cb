// The bytes of papers on this device, so that a paper once read can be read without a line. Kept per person and
// meeting, and gone when the person signs out or another signs in: a shared tablet must not keep papers.
import { authorisedFetch } from '@/shared/api/access'
import { ApiProblem, problemFrom } from '@/shared/api/problem'

const PREFIX = 'dienhong-papers'

const cacheName = (actor_id: string, meeting_id: string): string => `${PREFIX} ${actor_id} ${meeting_id}`
export const pagesUrl = (paper_id: string): string => `/api/papers/${paper_id}/pages`
export const originalUrl = (paper_id: string): string => `/api/papers/${paper_id}/original`

/** Share of the bytes that have come, 0 to 1. */
export type Progress = (share: number) => void

export interface Owner {
  readonly actor_id: string
  readonly meeting_id: string
}

async function cacheOf(owner: Owner): Promise<Cache | null> {
  try {
    return await caches.open(cacheName(owner.actor_id, owner.meeting_id))
  } catch {
    return null // no secure context, or no room: then papers are read over the line only
  }
}

/** A paper's pages as PDF bytes, from this device when it has them. Raises: ApiProblem. */
export async function paperBytes(
  owner: Owner,
  paper: { id: string; size_bytes: number },
  progress?: Progress,
): Promise<ArrayBuffer> {
  const url = pagesUrl(paper.id)
  const cache = await cacheOf(owner)
  const kept = await cache?.match(url)
  if (kept) return kept.arrayBuffer()
  const response = await authorisedFetch(new Request(new URL(url, location.origin)))
  if (!response.ok) throw problemFrom(response.status, await response.json().catch(() => null))
  const bytes = await readAll(response, paper.size_bytes, progress)
  await cache
    ?.put(url, new Response(bytes.slice(0), { headers: { 'Content-Type': 'application/pdf' } }))
    .catch(
      () => undefined, // no room left: it is read over the line next time
    )
  return bytes
}

export async function isOnDevice(owner: Owner, paper_id: string): Promise<boolean> {
  return (await (await cacheOf(owner))?.match(pagesUrl(paper_id))) !== undefined
}

/** Drops papers of other people, and of this person's meetings but `meeting_id` when they were removed. */
export async function forgetOthers(actor_id: string | null): Promise<void> {
  try {
    const names = await caches.keys()
    const gone = names.filter(
      name => name.startsWith(PREFIX) && (actor_id === null || !name.startsWith(`${PREFIX} ${actor_id} `)),
    )
    await Promise.all(gone.map(name => caches.delete(name)))
  } catch {
    // Nothing was kept where nothing may be kept.
  }
}

/** The original upload, handed to the browser's downloads. Raises: ApiProblem. */
export async function saveOriginal(paper: { id: string; filename: string }): Promise<void> {
  const response = await authorisedFetch(new Request(new URL(originalUrl(paper.id), location.origin)))
  if (!response.ok) throw problemFrom(response.status, await response.json().catch(() => null))
  const url = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = paper.filename
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

async function readAll(response: Response, likely_bytes: number, progress?: Progress): Promise<ArrayBuffer> {
  if (!response.body || !progress) return response.arrayBuffer()
  const total = Number(response.headers.get('Content-Length')) || likely_bytes
  const reader = response.body.getReader()
  const parts: Uint8Array[] = []
  let come = 0
  for (;;) {
    const { done, value } = await reader.read().catch(error => {
      throw new ApiProblem('offline', 0, '', String(error))
    })
    if (done) break
    parts.push(value)
    come += value.byteLength
    progress(total > 0 ? Math.min(1, come / total) : 0)
  }
  const all = new Uint8Array(come)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.byteLength
  }
  return all.buffer
}
