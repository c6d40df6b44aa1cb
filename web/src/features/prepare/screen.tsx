import { Button, Tabs } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconBuildingCommunity, IconDoorEnter, IconSend, IconUsers } from '@tabler/icons-react'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { useTexts } from '@/shared/i18n/texts'
import { useMe } from '@/shared/session'
import { ActionBar, PrimaryAction } from '@/shared/ui/action-bar'
import { ConfirmIrreversible } from '@/shared/ui/confirm-irreversible'
import { PageTitle } from '@/shared/ui/page-title'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { PageSkeleton } from '@/shared/ui/skeletons'
import { StatusBadge } from '@/shared/ui/status-badge'
import { type Room, useBridges, useCommand, usePeople, useRoom } from './api'
import { texts } from './i18n'
import { Agenda } from './parts/agenda'
import { Checklist, missing } from './parts/checklist'
import { Head } from './parts/head'
import { type Entry, Invited } from './parts/invited'
import { Papers } from './parts/papers'
import styles from './screen.module.css'

/** One page to prepare a meeting: agenda, papers of the chosen item, people. Tabs where three do not fit. */
export default function PrepareScreen() {
  const { id = '' } = useParams()
  const room = useRoom(id)
  if (room.isPending) return <PageSkeleton />
  if (room.error && !room.data)
    return (
      <div className={styles.page}>
        <ProblemNotice problem={room.error} onRetry={() => void room.refetch()} />
      </div>
    )
  return <Preparing room={room.data} />
}

function Preparing({ room }: { room: Room }) {
  const t = useTexts(texts)
  const [itemId, setItemId] = useState<string | null>(null)
  const wide = useMediaQuery('(min-width: 68em)')
  const selected = room.agenda.some(item => item.id === itemId) ? itemId : null

  const agenda = <Agenda room={room} selected={selected} onSelect={setItemId} />
  const papers = <Papers room={room} itemId={selected} />
  const people = (
    <div className={styles.people}>
      <People room={room} />
      <Bridges room={room} />
    </div>
  )
  return (
    <>
      <div className={styles.page}>
        <PageTitle>{`${t('heading')}: ${room.meeting.details.title}`}</PageTitle>
        <Head room={room} />
        {room.meeting.state === 'draft' && <Checklist room={room} />}
        {wide ? (
          <div className={styles.columns}>
            {agenda}
            {papers}
            {people}
          </div>
        ) : (
          <Tabs defaultValue="agenda" keepMounted={false}>
            <Tabs.List grow>
              <Tabs.Tab value="agenda">{t('agenda')}</Tabs.Tab>
              <Tabs.Tab value="papers">{t('papers')}</Tabs.Tab>
              <Tabs.Tab value="people">{t('people')}</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="agenda" className={styles.tab ?? ''}>
              {agenda}
            </Tabs.Panel>
            <Tabs.Panel value="papers" className={styles.tab ?? ''}>
              {papers}
            </Tabs.Panel>
            <Tabs.Panel value="people" className={styles.tab ?? ''}>
              {people}
            </Tabs.Panel>
          </Tabs>
        )}
      </div>
      <Convening room={room} />
    </>
  )
}

const PERSON_ROLES = ['chair', 'secretary', 'member', 'guest'] as const
const BRIDGE_ROLES = ['central_bridge', 'commune_bridge'] as const

function People({ room }: { room: Room }) {
  const t = useTexts(texts)
  const me = useMe()
  const directory = usePeople()
  const command = useCommand(room.meeting.id)
  const invited = new Map(room.attendants.map(person => [person.person_id, person]))
  const entries: Entry<(typeof PERSON_ROLES)[number]>[] = [
    ...room.attendants.map(person => ({
      id: person.person_id,
      name: person.name,
      detail: person.position,
      role: PERSON_ROLES.find(role => role === person.role) ?? null,
      fixed: person.person_id === me.id,
    })),
    ...(directory.data ?? [])
      .filter(person => !invited.has(person.id))
      .map(person => ({ id: person.id, name: person.name, detail: person.position, role: null })),
  ]
  return (
    <Invited
      title={t('people')}
      icon={IconUsers}
      entries={entries}
      roles={PERSON_ROLES.map(value => ({ value, label: t(`role.${value}`) }))}
      firstRole="member"
      words={{
        search: t('person.search'),
        empty: t('person.empty'),
        all: t('person.all'),
        invite: t('person.invite'),
        inviteAll: count => t('person.inviteAll', { count }),
        role: name => t('person.role', { name }),
        remove: name => t('person.remove', { name }),
      }}
      problem={command.error ?? directory.error}
      pending={command.isPending}
      onInvite={(ids, role) =>
        command.mutate({
          kind: 'invite_people',
          people: [...stepsDown(room, ids, role), ...given(ids, role)],
        })
      }
      onRemove={person_id => command.mutate({ kind: 'uninvite_person', person_id })}
    />
  )
}

type PersonRole = (typeof PERSON_ROLES)[number]

const given = (ids: readonly string[], role: PersonRole) => ids.map(person_id => ({ person_id, role }))

/** A meeting has one chair: naming another makes the one before a member, in the same command. */
const stepsDown = (room: Room, ids: readonly string[], role: PersonRole) =>
  role === 'chair'
    ? given(
        room.attendants
          .filter(person => person.role === role && !ids.includes(person.person_id))
          .map(person => person.person_id),
        'member',
      )
    : []

function Bridges({ room }: { room: Room }) {
  const t = useTexts(texts)
  const directory = useBridges()
  const command = useCommand(room.meeting.id)
  const invited = new Map(room.bridges.map(bridge => [bridge.bridge_id, bridge]))
  const entries: Entry<(typeof BRIDGE_ROLES)[number]>[] = [
    ...room.bridges.map(bridge => ({
      id: bridge.bridge_id,
      name: bridge.name,
      detail: bridge.code,
      role: BRIDGE_ROLES.find(role => role === bridge.role) ?? null,
    })),
    ...(directory.data ?? [])
      .filter(bridge => !invited.has(bridge.id))
      .map(bridge => ({ id: bridge.id, name: bridge.name, detail: bridge.code, role: null })),
  ]
  return (
    <Invited
      title={t('bridges')}
      icon={IconBuildingCommunity}
      entries={entries}
      roles={BRIDGE_ROLES.map(value => ({ value, label: t(`role.${value}`) }))}
      firstRole="commune_bridge"
      words={{
        search: t('bridge.search'),
        empty: t('bridge.empty'),
        all: t('bridge.all'),
        invite: t('person.invite'),
        inviteAll: count => t('bridge.inviteAll', { count }),
        role: name => t('bridge.role', { name }),
        remove: name => t('bridge.remove', { name }),
      }}
      problem={command.error ?? directory.error}
      pending={command.isPending}
      onInvite={(ids, role) =>
        command.mutate({ kind: 'invite_bridges', bridges: ids.map(bridge_id => ({ bridge_id, role })) })
      }
      onRemove={bridge_id => command.mutate({ kind: 'uninvite_bridge', bridge_id })}
    />
  )
}

function Convening({ room }: { room: Room }) {
  const t = useTexts(texts)
  const navigate = useNavigate()
  const command = useCommand(room.meeting.id)
  const [asking, setAsking] = useState(false)
  if (room.meeting.state !== 'draft')
    return (
      <ActionBar note={<StatusBadge tone="good">{t('convened')}</StatusBadge>}>
        <PrimaryAction
          label={t('toRoom')}
          icon={IconDoorEnter}
          onPress={() => void navigate(`/meetings/${room.meeting.id}`)}
        />
      </ActionBar>
    )
  return (
    <ActionBar
      secondary={
        <Button variant="subtle" component={Link} to={`/meetings/${room.meeting.id}`}>
          {t('toRoom')}
        </Button>
      }
    >
      <PrimaryAction
        label={t('convene')}
        icon={IconSend}
        disabled={missing(room).length > 0}
        onPress={() => setAsking(true)}
      />
      <ConfirmIrreversible
        opened={asking}
        title={t('conveneAsk')}
        consequence={t('conveneConsequence')}
        confirmLabel={t('convene')}
        pending={command.isPending}
        problem={command.error}
        onCancel={() => setAsking(false)}
        onConfirm={() => command.mutate({ kind: 'convene' }, { onSuccess: () => setAsking(false) })}
      />
    </ActionBar>
  )
}
