// One file to the server, with progress: fetch cannot tell how much of a body has gone, XMLHttpRequest can.
import { accessToken, refreshAccess } from '@/shared/api/access'
import { newKey } from '@/shared/api/client'
import { ApiProblem, problemFrom } from '@/shared/api/problem'

/** `share` from 0 to 1; at 1 the server still checks and converts. Throws ApiProblem. */
export async function uploadPaper(
  meetingId: string,
  itemId: string | null,
  file: File,
  onProgress: (share: number) => void,
): Promise<void> {
  const query = new URLSearchParams({ filename: file.name, title: file.name.replace(/\.[^.]+$/, '') })
  if (itemId) query.set('item_id', itemId)
  const url = `/api/meetings/${meetingId}/papers?${query}`
  const key = newKey()
  const first = await put(url, key, file, onProgress)
  if (first.status === 401 && (await refreshAccess())) await accepted(await put(url, key, file, onProgress))
  else await accepted(first)
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

async function accepted(answer: Answer): Promise<void> {
  if (answer.status < 200 || answer.status > 299) throw problemFrom(answer.status, answer.body)
}

function put(url: string, key: string, file: File, onProgress: (share: number) => void): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('PUT', url)
    request.setRequestHeader('Authorization', `Bearer ${accessToken() ?? ''}`)
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    request.setRequestHeader('Idempotency-Key', key)
    request.upload.onprogress = event => {
      if (event.lengthComputable) onProgress(event.loaded / event.total)
    }
    request.upload.onload = () => onProgress(1)
    request.onerror = () => reject(new ApiProblem('offline', 0, '', ''))
    request.onload = () => resolve({ status: request.status, body: parsed(request.responseText) })
    request.send(file)
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
