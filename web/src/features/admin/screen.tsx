// People and bridges of the organisation: who they are, and how they come in.
import { Tabs } from '@mantine/core'
import { IconBuildingBroadcastTower, IconLock, IconUsers } from '@tabler/icons-react'
import { useTexts } from '@/shared/i18n/texts'
import { useMe } from '@/shared/session'
import { EmptyState } from '@/shared/ui/empty-state'
import { PageTitle } from '@/shared/ui/page-title'
import { texts } from './i18n'
import { Bridges } from './parts/bridges'
import { People } from './parts/people'
import styles from './screen.module.css'

export default function AdminScreen() {
  const t = useTexts(texts)
  const me = useMe()
  if (!me.office_rights.includes('keep_accounts')) {
    return (
      <div className={styles.page}>
        <EmptyState icon={IconLock} title={t('forbidden.title')} hint={t('forbidden.hint')} />
      </div>
    )
  }
  return (
    <div className={styles.page}>
      <PageTitle>{t('title')}</PageTitle>
      <h1 className={styles.title}>{t('title')}</h1>
      <Tabs defaultValue="people" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="people" leftSection={<IconUsers size={22} aria-hidden />}>
            {t('people')}
          </Tabs.Tab>
          <Tabs.Tab value="bridges" leftSection={<IconBuildingBroadcastTower size={22} aria-hidden />}>
            {t('bridges')}
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="people" pt="md">
          <People />
        </Tabs.Panel>
        <Tabs.Panel value="bridges" pt="md">
          <Bridges />
        </Tabs.Panel>
      </Tabs>
    </div>
  )
}
