import { Button } from '@mantine/core'
import { IconCircleCheck } from '@tabler/icons-react'
import { Link } from 'react-router'
import { useTexts } from '@/shared/i18n/texts'
import { EmptyState } from '@/shared/ui/empty-state'
import { texts } from '../i18n'
import styles from './programme.module.css'

export function Ended() {
  const t = useTexts(texts)
  return (
    <div className={styles.ended}>
      <EmptyState
        icon={IconCircleCheck}
        title={t('ended.title')}
        hint={t('ended.hint')}
        action={
          <Button component={Link} to="/" variant="default" size="lg">
            {t('ended.home')}
          </Button>
        }
      />
    </div>
  )
}
