// What this person is reading in a meeting, and whether he or she goes along with the chair's page. Shared by the
// agenda (which opens papers), the reader and the bottom bar; gone with the page.
import { useStore } from 'zustand'
import { createStore, type StoreApi } from 'zustand/vanilla'

export interface Place {
  readonly paper_id: string
  /** From 1. */
  readonly page: number
}

export interface Reading {
  readonly place: Place | null
  /** Where the chair leads, null while nobody is led. */
  readonly lead: Place | null
  /** Turning elsewhere while led ends it; one tap takes it up again, and so does the end of the lead. */
  readonly following: boolean
  /** Opens a paper where it was left last, or at its beginning. */
  open(paper_id: string): void
  turn(page: number): void
  /** The chair leads here, or nowhere any more. */
  led(lead: Place | null): void
  follow(following: boolean): void
  /** A paper to begin with, for who has not chosen one. */
  suggest(paper_id: string): void
}

const all = new Map<string, StoreApi<Reading>>()

const same = (a: Place | null, b: Place | null): boolean => a?.paper_id === b?.paper_id && a?.page === b?.page

export function createReading(): StoreApi<Reading> {
  const left = new Map<string, number>()
  return createStore<Reading>((set, get) => {
    const go = (place: Place): void => {
      left.set(place.paper_id, place.page)
      set({ place })
    }
    return {
      place: null,
      lead: null,
      following: true,
      open: paper_id => {
        if (get().place?.paper_id === paper_id) return
        set({ following: get().lead === null })
        go({ paper_id, page: left.get(paper_id) ?? 1 })
      },
      turn: page => {
        const { place, lead, following } = get()
        if (!place || place.page === page) return
        // who is about to lead follows nobody: the own lead comes back later than the next turn
        set({ following: lead === null && following })
        go({ ...place, page })
      },
      led: lead => {
        if (same(lead, get().lead)) return
        set({ lead })
        if (lead === null) set({ following: true })
        else if (get().following) go(lead)
      },
      follow: following => {
        const { lead } = get()
        set({ following })
        if (following && lead) go(lead)
      },
      suggest: paper_id => {
        const { lead, following, place } = get()
        if (lead === null && following && place?.paper_id !== paper_id)
          go({ paper_id, page: left.get(paper_id) ?? 1 })
      },
    }
  })
}

export function readingOf(meeting_id: string): StoreApi<Reading> {
  const store = all.get(meeting_id) ?? createReading()
  all.set(meeting_id, store)
  return store
}

export const useReading = (meeting_id: string): Reading => useStore(readingOf(meeting_id))
