import { describe, expect, it } from 'vitest'
import { clockText, createFormat, instantAt } from './format'

const vi = createFormat('vi', 'Asia/Ho_Chi_Minh')
const en = createFormat('en', 'Asia/Ho_Chi_Minh')

describe('dates are the organisation’s, whatever the device', () => {
  it('writes them as an office does', () => {
    expect(vi.date('2026-03-12T07:05:22Z')).toBe('12/03/2026')
    expect(vi.time('2026-03-12T07:05:22Z')).toBe('14:05')
    expect(vi.timeWithSeconds('2026-03-12T07:05:22Z')).toBe('14:05:22')
    expect(vi.dateTime('2026-03-12T07:05:22Z')).toBe('14:05, 12/03/2026')
    expect(vi.day('2026-03-12T07:05:22Z')).toBe('Thứ Năm, 12/03/2026')
    expect(en.day('2026-03-12T07:05:22Z')).toBe('Thursday, 12/03/2026')
  })

  it('crosses midnight in the zone and not in UTC', () => {
    expect(vi.date('2026-03-12T17:30:00Z')).toBe('13/03/2026')
    expect(vi.time('2026-03-12T17:00:00Z')).toBe('00:00')
    expect(vi.dayKey('2026-03-12T17:00:00Z')).toBe('2026-03-13')
  })
})

describe('numbers', () => {
  it('use comma and point of the language', () => {
    expect(vi.number(1234.5)).toBe('1.234,5')
    expect(en.number(1234.5)).toBe('1,234.5')
    expect(vi.number(4873)).toBe('4.873')
    expect(vi.number(2, 2)).toBe('2,00')
  })

  it('write shares and sizes', () => {
    expect(vi.percent(19 / 31)).toBe('61,3\u00a0%')
    expect(en.percent(19 / 31)).toBe('61.3%')
    expect(vi.size(3_400_000)).toBe('3,4\u00a0MB')
    expect(vi.size(12_300)).toBe('12\u00a0KB')
  })
})

describe('instantAt', () => {
  it('reads a wall clock in the zone', () => {
    expect(instantAt('2026-03-12', '14:05', 'Asia/Ho_Chi_Minh')).toBe('2026-03-12T07:05:00.000Z')
    expect(instantAt('2026-01-01', '00:00', 'Asia/Ho_Chi_Minh')).toBe('2025-12-31T17:00:00.000Z')
  })

  it('keeps to the clock across a change of summer time', () => {
    expect(instantAt('2026-03-29', '01:30', 'Europe/Berlin')).toBe('2026-03-29T00:30:00.000Z')
    expect(instantAt('2026-03-29', '03:30', 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z')
  })

  it('is undone by the format', () => {
    const at = instantAt('2026-11-23', '08:00', 'Asia/Ho_Chi_Minh')
    expect([vi.dayKey(at), vi.time(at)]).toEqual(['2026-11-23', '08:00'])
  })
})

it('writes durations', () => {
  expect([0, 59.9, 134, 3734, -3].map(clockText)).toEqual(['00:00', '00:59', '02:14', '1:02:14', '00:00'])
})
