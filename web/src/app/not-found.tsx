import { Button } from '@mantine/core'
import { IconMapOff } from '@tabler/icons-react'
import { Link } from 'react-router'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import { EmptyState } from '@/shared/ui/empty-state'
import styles from './frame.module.css'

export function NotFound() {
  const t = useTexts(common)
  return (
    <main className={styles.centre}>
      <EmptyState
        icon={IconMapOff}
        title={t('notFound.title')}
        hint={t('notFound.hint')}
        action={
          <Button component={Link} to="/" size="lg">
            {t('notFound.home')}
          </Button>
        }
      />
    </main>
  )
}
