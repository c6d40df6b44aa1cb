import { Button } from '@mantine/core'
import { IconDownload, IconFileUnknown } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useTexts } from '@/shared/i18n/texts'
import { saveOriginal } from '@/shared/pdf/paper-cache'
import type { Paper } from '@/shared/room-types'
import { useFormat } from '@/shared/session'
import { EmptyState } from '@/shared/ui/empty-state'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { texts } from '../i18n'

/** A paper that could not be turned into pages: offered as it came. */
export function KeptPaper({ paper }: { paper: Paper }) {
  const t = useTexts(texts)
  const format = useFormat()
  const saving = useMutation({ mutationFn: () => saveOriginal(paper) })
  return (
    <EmptyState
      icon={IconFileUnknown}
      title={t('keptTitle')}
      hint={t('kept', { filename: paper.filename, size: format.size(paper.size_bytes) })}
      action={
        <>
          <Button
            size="lg"
            leftSection={<IconDownload size={22} aria-hidden />}
            loading={saving.isPending}
            onClick={() => saving.mutate()}
          >
            {t('download')}
          </Button>
          <ProblemNotice problem={saving.error} />
        </>
      }
    />
  )
}
