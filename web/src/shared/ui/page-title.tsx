import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'

/** The page's name in the browser's tab and for screen readers: "Cuộc họp của tôi · Diên Hồng". */
export function PageTitle({ children }: { children: string }) {
  const t = useTexts(common)
  return <title>{`${children} · ${t('product')}`}</title>
}
