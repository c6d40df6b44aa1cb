import { Button, Checkbox, Modal, PasswordInput, Switch, TextInput } from '@mantine/core'
import { useState } from 'react'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { type Person, useSavePerson } from '../api'
import { texts } from '../i18n'
import styles from './list.module.css'

const ROLES = ['administrator', 'secretary', 'member'] as const
/** As the server's own rule. */
const USERNAME = /^[a-z0-9][a-z0-9._-]{1,62}$/

const isRole = (value: string): value is (typeof ROLES)[number] => ROLES.some(role => role === value)

/** Adds a person, or changes one. */
export function PersonForm({ person, onClose }: { person: Person | null; onClose: () => void }) {
  const t = useTexts(texts)
  const c = useTexts(common)
  const save = useSavePerson(person?.id ?? null)
  const [name, setName] = useState(person?.name ?? '')
  const [position, setPosition] = useState(person?.position ?? '')
  const [username, setUsername] = useState(person?.username ?? '')
  const [password, setPassword] = useState('')
  const [roles, setRoles] = useState<string[]>(person?.office_roles ?? ['member'])
  const [active, setActive] = useState(person?.active ?? true)
  const [tried, setTried] = useState(false)
  const nameBad = name.trim() === ''
  const usernameBad = person === null && !USERNAME.test(username)
  const rolesBad = roles.length === 0
  const submit = (): void => {
    setTried(true)
    if (nameBad || usernameBad || rolesBad) return
    const given = { name, position, username, office_roles: roles.filter(isRole), active }
    save.mutate(password === '' ? given : { ...given, password }, { onSuccess: onClose })
  }
  return (
    <Modal opened onClose={onClose} title={t(person === null ? 'addPerson' : 'editPerson')} size="lg">
      <form
        className={styles.form}
        noValidate
        onSubmit={event => {
          event.preventDefault()
          submit()
        }}
      >
        <TextInput
          label={t('form.name')}
          value={name}
          onChange={event => setName(event.currentTarget.value)}
          error={tried && nameBad ? t('form.needed') : undefined}
          required
          data-autofocus
        />
        <TextInput
          label={t('form.position')}
          value={position}
          onChange={event => setPosition(event.currentTarget.value)}
        />
        <div className={styles.pair}>
          <TextInput
            label={t('form.username')}
            description={t('form.usernameHint')}
            value={username}
            onChange={event => setUsername(event.currentTarget.value.trim())}
            disabled={person !== null}
            error={tried && usernameBad ? t('form.usernameBad') : undefined}
            autoCapitalize="none"
            autoComplete="off"
            required
          />
          <PasswordInput
            label={t('form.password')}
            description={t(person === null ? 'form.passwordHint' : 'form.passwordKeep')}
            value={password}
            onChange={event => setPassword(event.currentTarget.value)}
            autoComplete="new-password"
          />
        </div>
        <Checkbox.Group
          label={t('form.roles')}
          value={roles}
          onChange={setRoles}
          error={tried && rolesBad ? t('form.needed') : undefined}
        >
          {ROLES.map(role => (
            <Checkbox
              radius="xs"
              size="md"
              key={role}
              value={role}
              label={t(`role.${role}`)}
              description={t(`roleHint.${role}`)}
              mt="xs"
            />
          ))}
        </Checkbox.Group>
        {person !== null && (
          <Switch
            label={t('form.active')}
            description={t('form.activeHint')}
            checked={active}
            onChange={event => setActive(event.currentTarget.checked)}
          />
        )}
        <ProblemNotice problem={save.error} />
        <div className={styles.buttons}>
          <Button variant="default" size="lg" onClick={onClose}>
            {c('cancel')}
          </Button>
          <Button type="submit" size="lg" loading={save.isPending}>
            {c('save')}
          </Button>
        </div>
      </form>
    </Modal>
  )
}
