// One page of a paper on a canvas, sharp on the screen it is on. The old page stays until the new one is drawn.
import { type CSSProperties, useEffect, useRef, useState } from 'react'
import type { PaperDocument } from './documents'
import styles from './paper-page.module.css'

/** Tablets give up on larger canvases. Unit: pixels. */
const MOST_PIXELS = 12_000_000

interface PaperPageProps {
  document: PaperDocument
  /** From 1. */
  page: number
  /** The box to fit into, in CSS pixels; without a height only the width counts. */
  width: number
  height?: number | undefined
  zoom?: number
  label: string
}

export interface PageSize {
  readonly width: number
  readonly height: number
}

/** The scale at which a page of `size` fits the box. */
export function fitting(size: PageSize, width: number, height: number | undefined, zoom: number): number {
  const wide = width / size.width
  return (height === undefined ? wide : Math.min(wide, height / size.height)) * zoom
}

export function PaperPage({ document: paper, page, width, height, zoom = 1, label }: PaperPageProps) {
  const place = useRef<HTMLDivElement>(null)
  const [drawn, setDrawn] = useState<{ page: number; text: string } | null>(null)
  const [size, setSize] = useState<PageSize | null>(null)

  useEffect(() => {
    if (width <= 0) return
    let live = true
    let stop = (): void => undefined
    const draw = async (): Promise<void> => {
      const source = await paper.getPage(page)
      if (!live) return
      const natural = source.getViewport({ scale: 1 })
      const scale = fitting(natural, width, height, zoom)
      const shown = { width: Math.floor(natural.width * scale), height: Math.floor(natural.height * scale) }
      const sharp = Math.min(
        window.devicePixelRatio || 1,
        Math.sqrt(MOST_PIXELS / (shown.width * shown.height)),
      )
      const viewport = source.getViewport({ scale: scale * sharp })
      const canvas = document.createElement('canvas')
      canvas.width = Math.floor(viewport.width)
      canvas.height = Math.floor(viewport.height)
      canvas.className = styles.canvas ?? ''
      const task = source.render({ canvas, viewport })
      stop = () => task.cancel()
      await task.promise
      if (!live) return
      setSize(shown)
      place.current?.replaceChildren(canvas)
      setDrawn({ page, text: '' })
      const words = await source.getTextContent()
      const text = words.items.map(one => ('str' in one ? one.str + (one.hasEOL ? '\n' : '') : '')).join('')
      if (live) setDrawn({ page, text })
    }
    draw().catch(error => {
      if (live) console.error('page not drawn', error)
    })
    return () => {
      live = false
      stop()
    }
  }, [paper, page, width, height, zoom])

  const style: CSSProperties = size ?? { width, aspectRatio: '210 / 297' }
  return (
    <figure
      className={styles.page}
      style={style}
      aria-label={label}
      aria-busy={drawn?.page !== page}
      data-page={drawn?.page}
    >
      <div ref={place} aria-hidden="true" className={styles.place} />
      <figcaption className="dh-only-read" translate="no">
        {drawn?.text}
      </figcaption>
    </figure>
  )
}
