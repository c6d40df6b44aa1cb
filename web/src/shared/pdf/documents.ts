// Opens a paper's pages. pdf.js is fetched with the first paper; its worker, fonts and decoders come from our own
// origin and nothing is evaluated from text, so the strict content security policy holds.
import * as pdfjs from 'pdfjs-dist'
import worker from 'pdfjs-dist/build/pdf.worker.min.mjs?url'
import jbig2 from 'pdfjs-dist/wasm/jbig2.wasm?url&no-inline'
import openjpeg from 'pdfjs-dist/wasm/openjpeg.wasm?url&no-inline'

pdfjs.GlobalWorkerOptions.workerSrc = worker

export type PaperDocument = pdfjs.PDFDocumentProxy

/** Fonts for papers that carry none of their own. */
const FONTS = import.meta.glob<string>('/node_modules/pdfjs-dist/standard_fonts/*.{pfb,ttf}', {
  query: '?url&no-inline',
  import: 'default',
  eager: true,
})

const FILES = new Map<string, string>([
  ...Object.entries(FONTS).map(([path, url]) => [path.split('/').at(-1) ?? '', url] as const),
  ['jbig2.wasm', jbig2],
  ['openjpeg.wasm', openjpeg],
])

/** What pdf.js asks for while it draws, by file name. */
class OwnFiles {
  async fetch({ filename }: { kind: string; filename: string }): Promise<Uint8Array> {
    const url = FILES.get(filename)
    if (url === undefined) throw new Error(`pdf.js asks for ${filename}, which we do not serve`)
    const response = await fetch(url)
    if (!response.ok) throw new Error(`${filename}: ${response.status}`)
    return new Uint8Array(await response.arrayBuffer())
  }
}

/** `bytes` are given away. The document must be destroyed by whoever opened it: `closeDocument`. */
export function openDocument(bytes: ArrayBuffer): Promise<PaperDocument> {
  return pdfjs.getDocument({
    data: bytes,
    useWorkerFetch: false,
    BinaryDataFactory: OwnFiles,
    disableWorkerRendering: true, // one canvas on the page is all we draw
    enableXfa: false,
  }).promise
}

export const closeDocument = (document: PaperDocument): Promise<void> => document.loadingTask.destroy()
