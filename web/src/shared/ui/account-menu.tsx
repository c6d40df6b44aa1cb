import { ActionIcon, Menu, SegmentedControl, useMantineColorScheme } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconFileCheck, IconLogout, IconSettings, IconUserCircle } from '@tabler/icons-react'
import { Link } from 'react-router'
import { common } from '@/shared/i18n/common'
import { setLanguage, useLanguage, useTexts } from '@/shared/i18n/texts'
import { isLanguage, isScheme } from '@/shared/preferences'
import { useSession, useSessionActs } from '@/shared/session'
import styles from './account-menu.module.css'
import { PersonName } from './person-name'
import { useProblemSentence } from './problem-notice'

/** Who I am, language, appearance, the way out. The choice holds on this device at once and in the profile when it can. */
export function AccountMenu() {
  const t = useTexts(common)
  const session = useSession()
  const acts = useSessionActs()
  const me = session.status === 'signed-in' ? session.me : null
  const sentence = useProblemSentence()
  const signOut = () =>
    void acts.signOut().catch(error => notifications.show({ color: 'bad', message: sentence(error) }))
  return (
    <Menu position="bottom-end" width={300} shadow="md" withinPortal>
      <Menu.Target>
        <ActionIcon aria-label={me ? `${t('account.menu')}: ${me.name}` : t('account.menu')}>
          <IconUserCircle size={28} stroke={1.75} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown className={styles.menu ?? ''}>
        {me && (
          <div className={styles.person}>
            <PersonName name={me.name} title={me.position} />
            <span className={styles.office}>{me.organisation.name}</span>
          </div>
        )}
        <div className={styles.choice}>
          <LanguageChoice />
          <SchemeChoice />
        </div>
        <Menu.Divider />
        <Menu.Item component={Link} to="/verify" leftSection={<IconFileCheck size={22} aria-hidden />}>
          {t('account.verify')}
        </Menu.Item>
        {me?.office_rights.includes('keep_accounts') && (
          <Menu.Item component={Link} to="/admin" leftSection={<IconSettings size={22} aria-hidden />}>
            {t('account.admin')}
          </Menu.Item>
        )}
        {me && (
          <Menu.Item leftSection={<IconLogout size={22} aria-hidden />} onClick={signOut}>
            {t('account.signOut')}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}

export function LanguageChoice() {
  const t = useTexts(common)
  const acts = useSessionActs()
  return (
    <SegmentedControl
      fullWidth
      aria-label={t('account.language')}
      value={useLanguage()}
      data={[
        { value: 'vi', label: t('account.vietnamese') },
        { value: 'en', label: t('account.english') },
      ]}
      onChange={value => {
        if (!isLanguage(value)) return
        void setLanguage(value)
        acts.keepPreference({ locale: value })
      }}
    />
  )
}

function SchemeChoice() {
  const t = useTexts(common)
  const acts = useSessionActs()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <SegmentedControl
      fullWidth
      aria-label={t('account.colours')}
      value={colorScheme}
      data={[
        { value: 'auto', label: t('account.auto') },
        { value: 'light', label: t('account.light') },
        { value: 'dark', label: t('account.dark') },
      ]}
      onChange={value => {
        if (!isScheme(value)) return
        setColorScheme(value)
        acts.keepPreference({ colour_scheme: value })
      }}
    />
  )
}
