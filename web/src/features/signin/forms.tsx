import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import { type Me, useSessionActs } from '@/shared/session'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import styles from './forms.module.css'
import { texts } from './i18n'

interface FormProps {
  onEntered: (me: Me) => void
}

export function PasswordForm({ onEntered }: FormProps) {
  const t = useTexts(texts)
  const acts = useSessionActs()
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const entering = useMutation({
    mutationFn: () => acts.signInWithPassword(username.trim(), password),
    onSuccess: onEntered,
    onError: () => setPassword(''),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    entering.mutate()
  }
  return (
    <form className={styles.form} onSubmit={submit}>
      <TextInput
        label={t('username')}
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        withAsterisk={false}
        value={username}
        onChange={event => setUsername(event.currentTarget.value)}
      />
      <PasswordInput
        label={t('password')}
        name="password"
        autoComplete="current-password"
        required
        withAsterisk={false}
        value={password}
        onChange={event => setPassword(event.currentTarget.value)}
      />
      <ProblemNotice problem={entering.error} />
      <Button type="submit" size="lg" loading={entering.isPending}>
        {t('enter')}
      </Button>
    </form>
  )
}

interface CodeFormProps extends FormProps {
  label: string
  hint: string
  submitLabel: string
  enter: (code: string) => Promise<Me>
  first?: string
}

export function CodeForm({ label, hint, submitLabel, enter, first = '', onEntered }: CodeFormProps) {
  const [code, setCode] = useState(first)
  const entering = useMutation({ mutationFn: () => enter(code.trim()), onSuccess: onEntered })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    entering.mutate()
  }
  return (
    <form className={styles.form} onSubmit={submit}>
      <TextInput
        label={label}
        description={hint}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        name="code"
        autoComplete="one-time-code"
        autoCapitalize="none"
        spellCheck={false}
        required
        withAsterisk={false}
        value={code}
        onChange={event => setCode(event.currentTarget.value)}
      />
      <ProblemNotice problem={entering.error} />
      <Button type="submit" size="lg" loading={entering.isPending}>
        {submitLabel}
      </Button>
    </form>
  )
}
