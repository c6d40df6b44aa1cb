// app → features → shared; no feature imports a feature; the clients import neither React nor screens.
import { expect, it } from 'vitest'

const sources = import.meta.glob<string>('/src/**/*.{ts,tsx}', {
  eager: true,
  query: '?raw',
  import: 'default',
})

/** The absolute path an import names, when it is one of ours. */
function target(importer: string, specifier: string): string | null {
  if (specifier.startsWith('@/')) return `/src/${specifier.slice(2)}`
  if (!specifier.startsWith('.')) return null
  return new URL(specifier, `file://${importer}`).pathname
}

const place = (path: string): string => /^\/src\/(features\/[\w-]+|app|shared)/.exec(path)?.[1] ?? ''

function imports(path: string): string[] {
  return [...(sources[path] ?? '').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
    ([, specifier = '']) => specifier,
  )
}

function allowed(from: string, to: string): boolean {
  if (from === 'app') return true
  if (from === 'shared') return to === 'shared'
  return to === from || to === 'shared'
}

it('holds the direction of imports', () => {
  const wrong = Object.keys(sources).flatMap(path =>
    imports(path)
      .map(specifier => target(path, specifier))
      .filter(to => to !== null && !allowed(place(path), place(to)))
      .map(to => `${path} → ${to}`),
  )
  expect(wrong).toEqual([])
})

it('keeps the clients free of React', () => {
  const clients = ['room-client', 'room-state', 'peer'].map(name => `/src/shared/${name}.ts`)
  for (const path of clients.filter(path => path in sources)) {
    expect(
      imports(path).filter(name => /^react|^@mantine/.test(name)),
      path,
    ).toEqual([])
  }
})

it('has no inline script for the content security policy to refuse', async () => {
  const { default: page } = await import('../../index.html?raw')
  expect(page).not.toMatch(/<script(?![^>]*\bsrc=)/)
  expect(page).not.toMatch(/\son\w+=/)
})
