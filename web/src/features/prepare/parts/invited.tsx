import { ActionIcon, Button, Select, TextInput } from '@mantine/core'
import { IconSearch, IconTrash, IconUserPlus, type TablerIcon } from '@tabler/icons-react'
import { useState } from 'react'
import { folded } from '@/shared/fold'
import { EmptyState } from '@/shared/ui/empty-state'
import { Panel } from '@/shared/ui/panel'
import { PersonName } from '@/shared/ui/person-name'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import styles from './invited.module.css'

/** One line of the list: a person, or a bridge. */
export interface Entry<Role extends string> {
  readonly id: string
  readonly name: string
  readonly detail: string
  /** Null: in the directory, not invited yet. */
  readonly role: Role | null
  /** May the role be changed and the entry be taken off the list? */
  readonly fixed?: boolean
}

interface InvitedProps<Role extends string> {
  title: string
  icon: TablerIcon
  entries: readonly Entry<Role>[]
  roles: readonly { value: Role; label: string }[]
  firstRole: Role
  words: {
    search: string
    empty: string
    all: string
    invite: string
    inviteAll: (count: number) => string
    role: (name: string) => string
    remove: (name: string) => string
  }
  problem: unknown
  pending: boolean
  onInvite: (ids: readonly string[], role: Role) => void
  onRemove: (id: string) => void
}

const SHOWN = 50

/** Who is invited, with a role each, and the directory to invite from. Serves people and bridges alike. */
export function Invited<Role extends string>(props: InvitedProps<Role>) {
  const { title, icon, entries, words, problem } = props
  const [wanted, setWanted] = useState('')
  const invited = entries.filter(entry => entry.role !== null)
  const rest = entries.filter(entry => entry.role === null)
  const key = folded(wanted)
  const found = rest.filter(entry => folded(`${entry.name} ${entry.detail}`).includes(key))

  return (
    <Panel title={title} aside={<span className="dh-numbers">{invited.length}</span>}>
      <ProblemNotice problem={problem} />
      {invited.length === 0 && <EmptyState icon={icon} title={words.empty} />}
      <ul className={styles.list}>
        {invited.map(entry => (
          <InvitedRow key={entry.id} entry={entry} {...props} />
        ))}
      </ul>
      {rest.length === 0 ? (
        entries.length > 0 && <p className={styles.all}>{words.all}</p>
      ) : (
        <>
          <TextInput
            className={styles.search ?? ''}
            leftSection={<IconSearch size={20} aria-hidden />}
            aria-label={words.search}
            placeholder={words.search}
            value={wanted}
            onChange={event => setWanted(event.currentTarget.value)}
          />
          <ul className={styles.list}>
            {found.slice(0, SHOWN).map(entry => (
              <li key={entry.id} className={styles.row}>
                <PersonName name={entry.name} title={entry.detail} />
                <Button
                  variant="default"
                  leftSection={<IconUserPlus size={20} aria-hidden />}
                  disabled={props.pending}
                  aria-label={`${words.invite} ${entry.name}`}
                  onClick={() => props.onInvite([entry.id], props.firstRole)}
                >
                  {words.invite}
                </Button>
              </li>
            ))}
          </ul>
          {found.length > 1 && (
            <Button
              variant="subtle"
              disabled={props.pending}
              onClick={() =>
                props.onInvite(
                  found.map(entry => entry.id),
                  props.firstRole,
                )
              }
            >
              {words.inviteAll(found.length)}
            </Button>
          )}
        </>
      )}
    </Panel>
  )
}

function InvitedRow<Role extends string>({
  entry,
  roles,
  words,
  pending,
  onInvite,
  onRemove,
}: InvitedProps<Role> & { entry: Entry<Role> }) {
  return (
    <li className={styles.row}>
      <PersonName name={entry.name} title={entry.detail} />
      <Select
        className={styles.role ?? ''}
        aria-label={words.role(entry.name)}
        data={[...roles]}
        value={entry.role}
        allowDeselect={false}
        disabled={pending || entry.fixed === true}
        onChange={value => {
          const role = roles.find(one => one.value === value)
          if (role) onInvite([entry.id], role.value)
        }}
      />
      <ActionIcon
        variant="subtle"
        color="bad"
        aria-label={words.remove(entry.name)}
        disabled={pending || entry.fixed === true}
        onClick={() => onRemove(entry.id)}
      >
        <IconTrash size={22} aria-hidden />
      </ActionIcon>
    </li>
  )
}
