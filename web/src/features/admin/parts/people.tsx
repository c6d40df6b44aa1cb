import { Button, Switch, TextInput } from '@mantine/core'
import { IconLink, IconPencil, IconPlus, IconSearch, IconUsers } from '@tabler/icons-react'
import { useState } from 'react'
import { folded } from '@/shared/fold'
import { useTexts } from '@/shared/i18n/texts'
import { useFormat } from '@/shared/session'
import { EmptyState } from '@/shared/ui/empty-state'
import { PersonName } from '@/shared/ui/person-name'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { ListSkeleton } from '@/shared/ui/skeletons'
import { StatusBadge } from '@/shared/ui/status-badge'
import { makeLink, type Person, usePeople } from '../api'
import { texts } from '../i18n'
import { HandOver } from './hand-over'
import styles from './list.module.css'
import { PersonForm } from './person-form'

/** Rows at first: a list is searched, not read to its end. */
const PAGE = 100

export function People() {
  const t = useTexts(texts)
  const format = useFormat()
  const [room, setRoom] = useState(PAGE)
  const { data, error, refetch } = usePeople()
  const [words, setWords] = useState('')
  const [closedToo, setClosedToo] = useState(false)
  const [editing, setEditing] = useState<Person | 'new' | null>(null)
  const [linked, setLinked] = useState<Person | null>(null)
  if (error !== null) return <ProblemNotice problem={error} onRetry={() => void refetch()} />
  if (data === undefined) return <ListSkeleton rows={6} />

  const sought = folded(words).split(/\s+/).filter(Boolean)
  const shown = data.filter(one => {
    const text = folded(`${one.name} ${one.position} ${one.username}`)
    return (closedToo || one.active) && sought.every(word => text.includes(word))
  })
  return (
    <>
      <div className={styles.tools}>
        <TextInput
          className={styles.search ?? ''}
          aria-label={t('search.people')}
          placeholder={t('search.people')}
          leftSection={<IconSearch size={20} aria-hidden />}
          value={words}
          onChange={event => setWords(event.currentTarget.value)}
        />
        <Switch
          label={t('showClosed')}
          checked={closedToo}
          onChange={event => setClosedToo(event.currentTarget.checked)}
        />
        <Button
          className={styles.end ?? ''}
          leftSection={<IconPlus size={22} aria-hidden />}
          onClick={() => setEditing('new')}
        >
          {t('addPerson')}
        </Button>
      </div>
      {shown.length === 0 ? (
        <EmptyState
          icon={IconUsers}
          title={t(data.length === 0 ? 'none.people' : 'none.found')}
          hint={data.length === 0 ? t('none.peopleHint') : undefined}
        />
      ) : (
        <>
          <p className={styles.count}>
            {t('count.people', { count: shown.length, shown: format.number(shown.length) })}
          </p>
          <ul className={`${styles.list} ${styles.people}`}>
            {shown.slice(0, room).map(one => (
              <Row key={one.id} person={one} onEdit={() => setEditing(one)} onLink={() => setLinked(one)} />
            ))}
          </ul>
          {shown.length > room && (
            <Button variant="default" fullWidth mt="sm" onClick={() => setRoom(before => before + 5 * PAGE)}>
              {t('more', { left: format.number(shown.length - room) })}
            </Button>
          )}
        </>
      )}
      {editing !== null && (
        <PersonForm person={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />
      )}
      {linked !== null && (
        <HandOver
          kind="person"
          subject={linked}
          make={() => makeLink(linked.id)}
          onClose={() => setLinked(null)}
        />
      )}
    </>
  )
}

function Row({ person, onEdit, onLink }: { person: Person; onEdit: () => void; onLink: () => void }) {
  const t = useTexts(texts)
  return (
    <li className={styles.row} data-closed={!person.active || undefined}>
      <span className={styles.what}>
        <PersonName name={person.name} title={person.position} />
      </span>
      <span className={`${styles.detail} ${styles.wide}`} translate="no">
        {person.username}
      </span>
      <span className={`${styles.badges} ${styles.wide}`}>
        {!person.active && <StatusBadge tone="neutral">{t('closed')}</StatusBadge>}
        {person.office_roles.map(role => (
          <span key={role} className={styles.detail}>
            {t(`role.${role}`)}
          </span>
        ))}
      </span>
      <span className={styles.acts}>
        <Button
          variant="default"
          leftSection={<IconLink size={20} aria-hidden />}
          disabled={!person.active}
          onClick={onLink}
          aria-label={`${t('link.make')}: ${person.name}`}
        >
          {t('link.make')}
        </Button>
        <Button
          variant="subtle"
          color="abstain"
          leftSection={<IconPencil size={20} aria-hidden />}
          onClick={onEdit}
          aria-label={`${t('editPerson')}: ${person.name}`}
        >
          {t('editPerson')}
        </Button>
      </span>
    </li>
  )
}
