import type { Format, Instant } from '@/shared/format'
import { useFormat } from '@/shared/session'

interface DateTextProps {
  at: Instant
  /** 'day' is the weekday with the date. */
  as?: 'date' | 'time' | 'timeWithSeconds' | 'dateTime' | 'day'
}

/** An instant in the organisation's zone. */
export function DateText({ at, as = 'dateTime' }: DateTextProps) {
  const format: Format = useFormat()
  return <time dateTime={new Date(at).toISOString()}>{format[as](at)}</time>
}

interface NumberTextProps {
  value: number
  as?: 'number' | 'percent' | 'size'
  /** For `number`: exactly this many digits after the comma. */
  digits?: number
}

/** 1.234,5 in Vietnamese, 1,234.5 in English; figures of one width, so that counts do not dance. */
export function NumberText({ value, as = 'number', digits }: NumberTextProps) {
  const format = useFormat()
  const text = as === 'number' ? format.number(value, digits) : format[as](value)
  return <span className="dh-numbers">{text}</span>
}
