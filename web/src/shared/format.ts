// Dates, times and numbers as an office writes them, always in the organisation's zone: a tablet set to another
// zone must not move a meeting. Values in, text out; no React.
import type { Language } from './preferences'

export const DEFAULT_ZONE = 'Asia/Ho_Chi_Minh'

export type Instant = string | number | Date

export interface Format {
  /** 12/03/2026 */
  date(at: Instant): string
  /** 14:05 */
  time(at: Instant): string
  /** 14:05:22 */
  timeWithSeconds(at: Instant): string
  /** 14:05, 12/03/2026 */
  dateTime(at: Instant): string
  /** Thứ Năm, 12/03/2026 */
  day(at: Instant): string
  /** The calendar day in the organisation's zone, 2026-03-12: for grouping and comparing. */
  dayKey(at: Instant): string
  /** 1.234,5 */
  number(value: number, fractionDigits?: number): string
  /** 0.613 -> 61,3 % */
  percent(share: number): string
  /** 12 KB, 3,4 MB */
  size(bytes: number): string
}

const LOCALE: Record<Language, string> = { vi: 'vi-VN', en: 'en-GB' }
const NBSP = '\u00a0'

function parts(zone: string, options: Intl.DateTimeFormatOptions): (at: Instant) => Record<string, string> {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...options })
  return at => Object.fromEntries(format.formatToParts(new Date(at)).map(part => [part.type, part.value]))
}

export function createFormat(language: Language, zone: string = DEFAULT_ZONE): Format {
  const locale = LOCALE[language]
  const ymd = parts(zone, { year: 'numeric', month: '2-digit', day: '2-digit' })
  const hms = parts(zone, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
  const weekday = new Intl.DateTimeFormat(locale, { timeZone: zone, weekday: 'long' })
  const number = (value: number, digits?: number): string =>
    new Intl.NumberFormat(locale, {
      minimumFractionDigits: digits ?? 0,
      maximumFractionDigits: digits ?? 1,
    }).format(value)

  const date = (at: Instant): string => {
    const { day, month, year } = ymd(at)
    return `${day}/${month}/${year}`
  }
  const time = (at: Instant): string => {
    const { hour, minute } = hms(at)
    return `${hour}:${minute}`
  }
  const capital = (word: string): string => word.charAt(0).toLocaleUpperCase(locale) + word.slice(1)

  return {
    date,
    time,
    timeWithSeconds: at => `${time(at)}:${hms(at).second}`,
    dateTime: at => `${time(at)}, ${date(at)}`,
    day: at => `${capital(weekday.format(new Date(at)))}, ${date(at)}`,
    dayKey: at => {
      const { day, month, year } = ymd(at)
      return `${year}-${month}-${day}`
    },
    number,
    percent: share =>
      language === 'vi' ? `${number(share * 100, 1)}${NBSP}%` : `${number(share * 100, 1)}%`,
    size: bytes => {
      if (bytes < 1000) return `${number(bytes)}${NBSP}B`
      if (bytes < 1_000_000) return `${number(bytes / 1000, 0)}${NBSP}KB`
      return bytes < 1e9 ? `${number(bytes / 1e6)}${NBSP}MB` : `${number(bytes / 1e9)}${NBSP}GB`
    },
  }
}

/** 134 -> '02:14'; 3_734 -> '1:02:14'. Unit: whole seconds, not negative. */
export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const two = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(whole / 3600)
  const rest = `${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`
  return hours > 0 ? `${hours}:${rest}` : rest
}

/** The instant of a wall-clock time in a zone: ('2026-03-12', '14:05', 'Asia/Ho_Chi_Minh') -> '2026-03-12T07:05:00.000Z'. */
export function instantAt(day: string, time: string, zone: string): string {
  const wanted = Date.parse(`${day}T${time.slice(0, 5)}:00Z`)
  // Twice: near a change of summer time the first offset may be the other side's.
  const first = wanted - zoneOffset(wanted, zone)
  return new Date(wanted - zoneOffset(first, zone)).toISOString()
}

/** Unit: milliseconds ahead of UTC. */
function zoneOffset(at: number, zone: string): number {
  const now = parts(zone, {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })(at)
  const wall = Date.parse(`${now.year}-${now.month}-${now.day}T${now.hour}:${now.minute}:${now.second}Z`)
  return wall - Math.floor(at / 1000) * 1000
}
