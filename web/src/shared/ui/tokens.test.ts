// Reads tokens.css itself: every text colour meets AA on what it stands on, in both schemes.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { TONES } from './theme'

const css = readFileSync('src/shared/ui/tokens.css', 'utf8')

function block(selector: string): Map<string, string> {
  const start = css.indexOf(selector)
  expect(start, selector).toBeGreaterThanOrEqual(0)
  const body = css.slice(start, css.indexOf('}', start))
  return new Map(
    [...body.matchAll(/--dh-([\w-]+):\s*(#[0-9a-f]{6})/gi)].map(([, name = '', hex = '']) => [name, hex]),
  )
}

const schemes = {
  light: block('[data-mantine-color-scheme="light"]'),
  dark: block('[data-mantine-color-scheme="dark"]'),
}

const channels = (hex: string): [number, number, number] =>
  [1, 3, 5].map(at => Number.parseInt(hex.slice(at, at + 2), 16)) as [number, number, number]

function luminance(rgb: readonly [number, number, number]): number {
  const [r, g, b] = rgb.map(value => {
    const share = value / 255
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: readonly [number, number, number], b: readonly [number, number, number]): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

const mixed = (
  over: [number, number, number],
  under: [number, number, number],
  share: number,
): [number, number, number] =>
  over.map((value, index) => value * share + (under[index] ?? 0) * (1 - share)) as [number, number, number]

describe.each(Object.entries(schemes))('%s', (_, tokens) => {
  const colour = (name: string): [number, number, number] => {
    const hex = tokens.get(name)
    if (!hex) throw new Error(`tokens.css has no --dh-${name} here`)
    return channels(hex)
  }

  it.each(['ink', 'muted', ...TONES.map(tone => `${tone}-text`)])(
    '%s is readable on ground and surface',
    name => {
      expect(contrast(colour(name), colour('ground'))).toBeGreaterThanOrEqual(4.5)
      expect(contrast(colour(name), colour('surface'))).toBeGreaterThanOrEqual(4.5)
    },
  )

  it.each(TONES)('text on a fill of %s is readable', tone => {
    expect(contrast(colour(`on-${tone}`), colour(tone))).toBeGreaterThanOrEqual(4.5)
  })

  it.each(TONES)('a badge of %s is readable on its quiet fill', tone => {
    const soft = mixed(colour(tone), colour('surface'), 0.07)
    expect(contrast(colour(`${tone}-text`), soft)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(colour('ink'), soft)).toBeGreaterThanOrEqual(4.5)
  })

  it('shows the edge of a field at 3 : 1', () => {
    expect(contrast(colour('line-strong'), colour('surface'))).toBeGreaterThanOrEqual(3)
  })
})
