import { DateInput, TimePicker } from '@mantine/dates'
import { type ReactNode, useState } from 'react'
import { createFormat, instantAt } from '@/shared/format'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import { useZone } from '@/shared/session'
import styles from './instant-input.module.css'

interface InstantInputProps {
  label: string
  /** RFC 3339, or null while day or time is missing. */
  value: string | null
  onChange: (value: string | null) => void
  error?: ReactNode
}

/** '12/3/2026' -> '2026-03-12'; never the American order. Null when there is no such day. */
export function dayFrom(typed: string): string | null {
  const [, day = '', month = '', year = ''] = /^\s*(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\s*$/.exec(typed) ?? []
  const key = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  const at = new Date(`${key}T00:00:00Z`)
  return Number.isFinite(at.getTime()) && at.toISOString().startsWith(key) ? key : null
}

/** A day (12/03/2026) and a time (14:05, 24 hours), typed in the organisation's zone; an instant comes out. */
export function InstantInput({ label, value, onChange, error }: InstantInputProps) {
  const t = useTexts(common)
  const zone = useZone()
  const format = createFormat('vi', zone)
  const [day, setDay] = useState(value ? format.dayKey(value) : null)
  const [time, setTime] = useState(value ? format.time(value) : '')
  const tell = (nextDay: string | null, nextTime: string) =>
    onChange(nextDay && nextTime ? instantAt(nextDay, nextTime, zone) : null)
  return (
    <fieldset className={styles.when}>
      <legend className={styles.legend}>{label}</legend>
      <DateInput
        size="lg" // days of 48 px
        aria-label={`${label}: ${t('when.day')}`}
        placeholder={t('when.dayShape')}
        valueFormat="DD/MM/YYYY"
        dateParser={dayFrom}
        value={day}
        error={error}
        onChange={next => {
          setDay(next)
          tell(next, time)
        }}
      />
      <TimePicker
        hoursInputLabel={`${label}: ${t('when.time')}`}
        minutesInputLabel={`${label}: ${t('when.time')}`}
        format="24h"
        value={time}
        onChange={next => {
          setTime(next)
          tell(day, next)
        }}
      />
    </fieldset>
  )
}
