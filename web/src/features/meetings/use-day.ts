import { serverNow } from '@/shared/clock'
import type { Instant } from '@/shared/format'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import { useFormat } from '@/shared/session'

const DAY_MS = 24 * 60 * 60 * 1000

/** "Hôm nay, 23/11/2026", "Ngày mai, …", else "Thứ Năm, 12/03/2026". */
export function useDay(): (at: Instant) => string {
  const t = useTexts(common)
  const format = useFormat()
  return at => {
    const key = format.dayKey(at)
    if (key === format.dayKey(serverNow())) return `${t('when.today')}, ${format.date(at)}`
    if (key === format.dayKey(serverNow() + DAY_MS)) return `${t('when.tomorrow')}, ${format.date(at)}`
    return format.day(at)
  }
}
