import { expect, it } from 'vitest'
import { dayFrom } from './instant-input'

it.each([
  ['12/03/2026', '2026-03-12'],
  ['1/2/2026', '2026-02-01'],
  [' 31.12.2026 ', '2026-12-31'],
  ['29/02/2028', '2028-02-29'],
  ['29/02/2026', null],
  ['31/04/2026', null],
  ['12/2026', null],
  ['', null],
])('reads %s as %s', (typed, day) => {
  expect(dayFrom(typed)).toBe(day)
})
