import { authorisedFetch } from '@/shared/api/access'
import type { Schema } from '@/shared/api/client'
import { problemFrom } from '@/shared/api/problem'

export type Report = Schema<'VerificationReport'>
export type SignatureReport = Schema<'SignatureReport'>

/** The paper is looked at and forgotten: nothing of it is kept on the server. */
export async function verify(file: Blob): Promise<Report> {
  const request = new Request(new URL('/api/verify', location.origin), {
    method: 'POST',
    body: file,
    headers: { 'Content-Type': 'application/octet-stream' },
  })
  const response = await authorisedFetch(request)
  const body: unknown = await response.json().catch(() => null)
  if (!response.ok) throw problemFrom(response.status, body)
  return body as Report // the server's own type, kept equal by openapi.json
}
