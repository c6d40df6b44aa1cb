import { expect, it } from 'vitest'
import { folded } from './fold'

it('finds accented names by plain letters, whatever the composition', () => {
  expect(folded('Đường Nguyễn Huệ')).toBe('duong nguyen hue')
  expect(folded('Hòa'.normalize('NFD'))).toBe(folded('Hoà'.normalize('NFC')))
})
