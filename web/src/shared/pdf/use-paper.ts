// A paper opened for reading. The last few stay open, so that going back and forth between papers is instant.
import { useCallback, useEffect, useState } from 'react'
import { type ApiProblem, asProblem } from '@/shared/api/problem'
import type { PaperDocument } from './documents'
import { type Owner, paperBytes } from './paper-cache'

const KEPT_OPEN = 4
const open = new Map<string, Promise<PaperDocument>>()

async function opened(
  owner: Owner,
  paper: { id: string; size_bytes: number },
  progress: (share: number) => void,
) {
  const key = `${owner.actor_id} ${paper.id}`
  const before = open.get(key)
  if (before) {
    open.delete(key) // to the end: the latest read
    open.set(key, before)
    return before
  }
  const opening = Promise.all([import('./documents'), paperBytes(owner, paper, progress)]).then(
    ([{ openDocument }, bytes]) => openDocument(bytes),
  )
  open.set(key, opening)
  opening.catch(() => open.delete(key))
  for (const [oldest, document] of open) {
    if (open.size <= KEPT_OPEN) break
    open.delete(oldest)
    // A page of it may still be drawn in this moment.
    setTimeout(() => {
      void Promise.all([import('./documents'), document])
        .then(([{ closeDocument }, one]) => closeDocument(one))
        .catch(() => undefined)
    }, 2_000)
  }
  return opening
}

export interface OpenPaper {
  readonly document: PaperDocument | null
  /** 0 to 1 while the bytes come. */
  readonly progress: number
  readonly problem: ApiProblem | null
  readonly retry: () => void
}

export function usePaper(owner: Owner, paper: { id: string; size_bytes: number } | null): OpenPaper {
  const [state, setState] = useState<{
    id: string
    document: PaperDocument | null
    progress: number
    problem: ApiProblem | null
  } | null>(null)
  const [tries, setTries] = useState(0)
  const { actor_id, meeting_id } = owner
  const id = paper?.id ?? null
  const size_bytes = paper?.size_bytes ?? 0

  // biome-ignore lint/correctness/useExhaustiveDependencies: `tries` asks for another try
  useEffect(() => {
    if (id === null) return
    let live = true
    const put = (document: PaperDocument | null, progress: number, problem: ApiProblem | null): void => {
      if (live) setState({ id, document, progress, problem })
    }
    opened({ actor_id, meeting_id }, { id, size_bytes }, share => put(null, share, null)).then(
      document => put(document, 1, null),
      error => put(null, 0, asProblem(error)),
    )
    return () => {
      live = false
    }
  }, [actor_id, meeting_id, id, size_bytes, tries])

  const retry = useCallback(() => {
    setState(null)
    setTries(count => count + 1)
  }, [])
  const current = state?.id === id ? state : null
  return {
    document: current?.document ?? null,
    progress: current?.progress ?? 0,
    problem: current?.problem ?? null,
    retry,
  }
}
