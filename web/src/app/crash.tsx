import { Button } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useEffect } from 'react'
import { useRouteError } from 'react-router'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import { EmptyState } from '@/shared/ui/empty-state'
import styles from './frame.module.css'

/** A fault of ours on one page: the others go on. Also shown when a page's code cannot be fetched. */
export function Crash() {
  const t = useTexts(common)
  const error = useRouteError()
  useEffect(() => {
    console.error(error)
  }, [error])
  return (
    <main className={styles.centre}>
      <EmptyState
        icon={IconAlertTriangle}
        title={t('crash.title')}
        hint={t('crash.hint')}
        action={
          <Button size="lg" onClick={() => location.reload()}>
            {t('crash.reload')}
          </Button>
        }
      />
    </main>
  )
}
