// Every text in both languages, every key that is asked for there. The types say so too; this also sees empty
// words, other placeholders, decomposed letters and calls that got round the types.
import { describe, expect, it } from 'vitest'
import type { TextTree } from './texts'

interface Bundle {
  namespace: string
  vi: TextTree
  en: TextTree
}

const isBundle = (value: unknown): value is Bundle =>
  typeof value === 'object' && value !== null && 'namespace' in value && 'vi' in value && 'en' in value

const modules = import.meta.glob<Record<string, unknown>>(['/src/**/*.ts', '!/src/**/*.test.ts'])
const sources = import.meta.glob<string>(['/src/**/*.{ts,tsx}', '!/src/**/*.test.{ts,tsx}'], {
  eager: true,
  query: '?raw',
  import: 'default',
})

function flat(tree: TextTree, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(tree).flatMap(([key, value]) =>
      typeof value === 'string' ? [[prefix + key, value] as const] : [...flat(value, `${prefix}${key}.`)],
    ),
  )
}

const withTexts = Object.entries(modules).filter(([path]) => /= defineTexts\(/.test(sources[path] ?? ''))

const bundles = (
  await Promise.all(
    withTexts.map(async ([path, load]) =>
      Object.values(await load())
        .filter(isBundle)
        .map(({ namespace, vi, en }) => ({ path, namespace, vi: flat(vi), en: flat(en) })),
    ),
  )
).flat()

const placeholders = (text: string): string[] => (text.match(/\{\{\s*\w+/g) ?? []).sort()
const many = (key: string): string => key.replace(/_(one|other)$/, '_other')

it('finds the texts', () => {
  expect(bundles.map(bundle => bundle.namespace)).toEqual(
    expect.arrayContaining(['common', 'problems', 'signin', 'meetings']),
  )
  const namespaces = bundles.map(bundle => bundle.namespace)
  expect(new Set(namespaces).size, 'two features share a namespace').toBe(namespaces.length)
})

describe.each(bundles)('$path', ({ vi, en }) => {
  it('has the same keys in both languages', () => {
    expect(new Set([...en.keys()].map(many))).toEqual(new Set([...vi.keys()].map(many)))
  })

  it('has words for every key, composed (NFC)', () => {
    for (const [key, text] of [...vi, ...en]) {
      expect(text.trim(), key).not.toBe('')
      expect(text.normalize('NFC'), key).toBe(text)
    }
  })

  it('fills the same blanks in both languages', () => {
    for (const [key, text] of en) {
      const other = placeholders(vi.get(many(key)) ?? '')
      const own = placeholders(text)
      // The singular may say "one" instead of the number.
      if (key.endsWith('_one')) expect(other, key).toEqual(expect.arrayContaining(own))
      else expect(own, key).toEqual(other)
    }
  })
})

describe('keys that are asked for', () => {
  const shared = bundles.filter(bundle => bundle.path.startsWith('/src/shared/'))
  const knows = (keys: Map<string, string>, key: string) => keys.has(key) || keys.has(`${key}_other`)

  it.each(Object.keys(sources).filter(path => /\bt\(\s*'/.test(sources[path] ?? '')))('%s', path => {
    const feature = /^\/src\/features\/[\w-]+\//.exec(path)?.[0]
    const own = bundles.filter(bundle => feature !== undefined && bundle.path.startsWith(feature))
    for (const [, key = ''] of (sources[path] ?? '').matchAll(/\bt\(\s*'([^']+)'/g)) {
      const found = [...own, ...shared].some(bundle => knows(bundle.vi, key))
      expect(found, `'${key}' is in no text`).toBe(true)
    }
  })
})
