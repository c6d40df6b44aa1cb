import { Button, Checkbox, Modal, NumberInput, SegmentedControl, Stack, TextInput } from '@mantine/core'
import { IconPencil } from '@tabler/icons-react'
import { type FormEvent, useState } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import { useFormat } from '@/shared/session'
import { InstantInput } from '@/shared/ui/instant-input'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { type Details, type Room, useCommand } from '../api'
import { detailTexts } from '../detail-texts'
import { texts } from '../i18n'
import styles from './head.module.css'

/** What, when and where, in words, with a way to change it. */
export function Head({ room }: { room: Room }) {
  const t = useTexts(texts)
  const format = useFormat()
  const [editing, setEditing] = useState(false)
  const { title, body_name, place, starts_at } = room.meeting.details
  const closed = room.meeting.state === 'open' || room.meeting.state === 'closed'
  return (
    <header className={styles.head}>
      <div className={styles.words}>
        <p className={styles.act}>{t('heading')}</p>
        <h1 className={styles.title}>{title}</h1>
        <p className={styles.facts}>
          {[`${format.time(starts_at)}, ${format.day(starts_at)}`, place, body_name]
            .filter(Boolean)
            .join(' · ')}
        </p>
      </div>
      {!closed && (
        <Button
          variant="default"
          leftSection={<IconPencil size={20} aria-hidden />}
          onClick={() => setEditing(true)}
        >
          {t('edit')}
        </Button>
      )}
      <Modal opened={editing} onClose={() => setEditing(false)} title={t('edit')} size="lg">
        <DetailsForm room={room} onDone={() => setEditing(false)} />
      </Modal>
    </header>
  )
}

const QUORUMS = [
  { value: '2/3', numerator: 2, denominator: 3, strict: false },
  { value: '1/2', numerator: 1, denominator: 2, strict: true },
] as const

function DetailsForm({ room, onDone }: { room: Room; onDone: () => void }) {
  const t = useTexts(detailTexts)
  const words = useTexts(texts)
  const command = useCommand(room.meeting.id)
  const [details, setDetails] = useState<Details>(room.meeting.details)
  const [startsAt, setStartsAt] = useState<string | null>(details.starts_at)
  const change = (to: Partial<Details>) => setDetails(now => ({ ...now, ...to }))
  const quorum = QUORUMS.find(
    one => one.numerator === details.quorum?.numerator && one.denominator === details.quorum?.denominator,
  )
  const save = (event: FormEvent) => {
    event.preventDefault()
    if (!startsAt) return
    command.mutate(
      { kind: 'change_details', details: { ...details, starts_at: startsAt } },
      { onSuccess: onDone },
    )
  }
  return (
    <form onSubmit={save}>
      <Stack gap="md">
        <TextInput
          label={t('title')}
          required
          withAsterisk={false}
          maxLength={500}
          value={details.title}
          onChange={event => change({ title: event.currentTarget.value })}
        />
        <InstantInput
          label={t('startsAt')}
          value={startsAt}
          onChange={setStartsAt}
          error={startsAt ? undefined : t('needsStart')}
        />
        <TextInput
          label={t('place')}
          maxLength={500}
          value={details.place}
          onChange={event => change({ place: event.currentTarget.value })}
        />
        <TextInput
          label={t('body')}
          maxLength={200}
          value={details.body_name}
          onChange={event => change({ body_name: event.currentTarget.value })}
        />
        <Checkbox
          label={t('countInvited')}
          checked={details.members_in_office === null}
          onChange={event =>
            change({ members_in_office: event.currentTarget.checked ? null : Math.max(1, voters(room)) })
          }
        />
        {details.members_in_office !== null && (
          <NumberInput
            label={t('membersInOffice')}
            description={t('membersInOfficeWhy')}
            min={1}
            max={5000}
            allowDecimal={false}
            clampBehavior="strict"
            value={details.members_in_office ?? ''}
            onChange={value => typeof value === 'number' && change({ members_in_office: value })}
          />
        )}
        <SegmentedControl
          fullWidth
          aria-label={t('quorum')}
          value={quorum?.value ?? ''}
          data={QUORUMS.map(one => ({
            value: one.value,
            label: t(one.value === '2/3' ? 'twoThirds' : 'moreThanHalf'),
          }))}
          onChange={value => {
            const chosen = QUORUMS.find(one => one.value === value)
            if (chosen) {
              const { numerator, denominator, strict } = chosen
              change({ quorum: { numerator, denominator, strict } })
            }
          }}
        />
        <ProblemNotice problem={command.error} />
        <Button type="submit" size="lg" loading={command.isPending}>
          {words('item.save')}
        </Button>
      </Stack>
    </form>
  )
}

const voters = (room: Room): number =>
  room.attendants.filter(person => person.role === 'chair' || person.role === 'member').length
