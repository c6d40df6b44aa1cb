import { Button, SegmentedControl, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useNavigate } from 'react-router'
import { api, call, idempotent, newKey } from '@/shared/api/client'
import { ApiProblem } from '@/shared/api/problem'
import { useTexts } from '@/shared/i18n/texts'
import { useMe } from '@/shared/session'
import { InstantInput } from '@/shared/ui/instant-input'
import { PageTitle } from '@/shared/ui/page-title'
import { Panel } from '@/shared/ui/panel'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { texts } from './i18n'
import styles from './screen.module.css'

/** The few facts a meeting begins with; everything else is on the preparing page. */
export default function NewMeetingScreen() {
  const t = useTexts(texts)
  const me = useMe()
  const navigate = useNavigate()
  const queries = useQueryClient()
  const [key] = useState(newKey) // pressing twice, or again after a cut, makes one meeting
  const [kind, setKind] = useState<'meeting' | 'conference'>('meeting')
  const [title, setTitle] = useState('')
  const [body, setBody] = useState(me.organisation.name)
  const [place, setPlace] = useState('')
  const [startsAt, setStartsAt] = useState<string | null>(null)
  const [pressed, setPressed] = useState(false)

  const creating = useMutation({
    mutationFn: async (starts_at: string) => {
      const details = { title, kind, body_name: body, place, starts_at }
      const done = await call(api.POST('/api/meetings', { body: details, headers: idempotent(key) }))
      if (!done.id) throw new ApiProblem('unreadable-answer', 201, '', '')
      return done.id
    },
    onSuccess: async id => {
      await queries.invalidateQueries({ queryKey: ['meetings'] })
      await navigate(`/meetings/${id}/prepare`, { replace: true })
    },
  })

  const submit = (event: FormEvent) => {
    event.preventDefault()
    setPressed(true)
    if (startsAt) creating.mutate(startsAt)
  }

  return (
    <div className={`${styles.page} ${styles.narrow}`}>
      <PageTitle>{t('form.title')}</PageTitle>
      <div>
        <h1 className={styles.title}>{t('form.title')}</h1>
        <p className={styles.lead}>{t('form.lead')}</p>
      </div>
      <Panel>
        <form className={styles.form} onSubmit={submit}>
          <SegmentedControl
            fullWidth
            aria-label={t('form.kind')}
            value={kind}
            onChange={value => setKind(value === 'conference' ? 'conference' : 'meeting')}
            data={[
              { value: 'meeting', label: t('kind.meeting') },
              { value: 'conference', label: t('kind.conference') },
            ]}
          />
          <TextInput
            label={t('form.name')}
            placeholder={t('form.namePlaceholder')}
            required
            withAsterisk={false}
            maxLength={500}
            value={title}
            onChange={event => setTitle(event.currentTarget.value)}
          />
          <InstantInput
            label={t('form.startsAt')}
            value={startsAt}
            onChange={setStartsAt}
            error={pressed && !startsAt ? t('form.needsStart') : undefined}
          />
          <TextInput
            label={t('form.place')}
            maxLength={500}
            value={place}
            onChange={event => setPlace(event.currentTarget.value)}
          />
          <TextInput
            label={t('form.body')}
            maxLength={200}
            value={body}
            onChange={event => setBody(event.currentTarget.value)}
          />
          <ProblemNotice problem={creating.error} />
          <Button type="submit" size="lg" loading={creating.isPending}>
            {t('form.submit')}
          </Button>
        </form>
      </Panel>
    </div>
  )
}
