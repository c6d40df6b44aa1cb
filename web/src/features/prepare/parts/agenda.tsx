import { ActionIcon, Button, Group, NumberInput, Stack, TextInput } from '@mantine/core'
import {
  IconArrowDown,
  IconArrowUp,
  IconIndentDecrease,
  IconIndentIncrease,
  IconListNumbers,
  IconPencil,
  IconPlus,
  IconTrash,
  type TablerIcon,
} from '@tabler/icons-react'
import { type FormEvent, useState } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import { EmptyState } from '@/shared/ui/empty-state'
import { Panel } from '@/shared/ui/panel'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { type Item, type Room, useCommand } from '../api'
import { texts } from '../i18n'
import { LEVELS, moves, type Row, rows } from '../tree'
import styles from './agenda.module.css'

interface AgendaProps {
  room: Room
  selected: string | null
  onSelect: (itemId: string | null) => void
}

/** The agenda as a tree. The selected item shows its levers and, beside it, its papers. */
export function Agenda({ room, selected, onSelect }: AgendaProps) {
  const t = useTexts(texts)
  const command = useCommand(room.meeting.id)
  const [editing, setEditing] = useState<string | null>(null)
  const listed = rows(room.agenda)

  return (
    <Panel title={t('agenda')} footer={<AddItem meetingId={room.meeting.id} parentId={null} />}>
      <ProblemNotice problem={command.error} />
      {listed.length === 0 && (
        <EmptyState icon={IconListNumbers} title={t('item.empty')} hint={t('item.emptyHint')} />
      )}
      <ol className={styles.list}>
        {listed.map(row => (
          <li key={row.item.id} data-level={row.level} className={styles.row}>
            {editing === row.item.id ? (
              <EditItem meetingId={room.meeting.id} item={row.item} onDone={() => setEditing(null)} />
            ) : (
              <button
                type="button"
                className={styles.item}
                aria-pressed={selected === row.item.id}
                onClick={() => onSelect(selected === row.item.id ? null : row.item.id)}
              >
                <span className={styles.number}>{row.number}</span>
                <span className={styles.words}>
                  <span className={styles.title}>{row.item.title}</span>
                  <ItemFacts item={row.item} papers={papersOf(room, row.item)} />
                </span>
              </button>
            )}
            {selected === row.item.id && editing !== row.item.id && (
              <Levers
                room={room}
                row={row}
                onEdit={() => setEditing(row.item.id)}
                onCommand={body => command.mutate(body)}
                pending={command.isPending}
              />
            )}
          </li>
        ))}
      </ol>
    </Panel>
  )
}

const papersOf = (room: Room, item: Item): number =>
  room.papers.filter(paper => paper.item_id === item.id).length

function ItemFacts({ item, papers }: { item: Item; papers: number }) {
  const t = useTexts(texts)
  const facts = [
    item.presenter,
    item.planned_min ? t('item.plannedShort', { count: item.planned_min }) : '',
    papers > 0 ? `${t('papers')}: ${papers}` : '',
  ].filter(Boolean)
  return facts.length > 0 && <span className={styles.facts}>{facts.join(' · ')}</span>
}

interface LeversProps {
  room: Room
  row: Row
  onEdit: () => void
  onCommand: (body: Parameters<ReturnType<typeof useCommand>['mutate']>[0]) => void
  pending: boolean
}

function Levers({ room, row, onEdit, onCommand, pending }: LeversProps) {
  const t = useTexts(texts)
  const { item, number } = row
  const can = moves(room.agenda, row)
  const lever = (label: string, Glyph: TablerIcon, place: (typeof can)['up']) => (
    <ActionIcon
      key={label}
      variant="default"
      aria-label={label}
      title={label}
      disabled={pending || !place}
      onClick={() => place && onCommand({ kind: 'move_item', item_id: item.id, ...place })}
    >
      <Glyph size={22} aria-hidden />
    </ActionIcon>
  )
  return (
    <div className={styles.levers}>
      <Group gap="xs" role="toolbar" aria-label={t('item.levers', { number })}>
        <ActionIcon variant="default" aria-label={t('item.edit', { number })} onClick={onEdit}>
          <IconPencil size={22} aria-hidden />
        </ActionIcon>
        {lever(t('item.up', { number }), IconArrowUp, can.up)}
        {lever(t('item.down', { number }), IconArrowDown, can.down)}
        {lever(t('item.deeper', { number }), IconIndentIncrease, can.deeper)}
        {lever(t('item.outer', { number }), IconIndentDecrease, can.outer)}
        <ActionIcon
          variant="default"
          color="bad"
          aria-label={t('item.remove', { number })}
          disabled={pending || item.state !== 'pending'}
          onClick={() => onCommand({ kind: 'remove_item', item_id: item.id })}
        >
          <IconTrash size={22} aria-hidden />
        </ActionIcon>
      </Group>
      {row.level < LEVELS && <AddItem meetingId={room.meeting.id} parentId={item.id} />}
    </div>
  )
}

function AddItem({ meetingId, parentId }: { meetingId: string; parentId: string | null }) {
  const t = useTexts(texts)
  const [title, setTitle] = useState('')
  const command = useCommand(meetingId)
  const label = t(parentId ? 'item.addBelow' : 'item.add')
  const add = (event: FormEvent) => {
    event.preventDefault()
    if (!title.trim()) return
    command.mutate(
      { kind: 'add_item', title, parent_id: parentId, presenter: '', planned_min: null },
      { onSuccess: () => setTitle('') },
    )
  }
  return (
    <form onSubmit={add} className={styles.add}>
      <TextInput
        aria-label={`${label}: ${t('item.title')}`}
        placeholder={t('item.title')}
        value={title}
        onChange={event => setTitle(event.currentTarget.value)}
        className={styles.grow ?? ''}
        maxLength={500}
      />
      <Button
        type="submit"
        variant={parentId ? 'default' : 'light'}
        leftSection={<IconPlus size={20} aria-hidden />}
        loading={command.isPending}
        disabled={!title.trim()}
      >
        {label}
      </Button>
      <ProblemNotice problem={command.error} />
    </form>
  )
}

function EditItem({ meetingId, item, onDone }: { meetingId: string; item: Item; onDone: () => void }) {
  const t = useTexts(texts)
  const [title, setTitle] = useState(item.title)
  const [presenter, setPresenter] = useState(item.presenter)
  const [minutes, setMinutes] = useState<number | string>(item.planned_min ?? '')
  const command = useCommand(meetingId)
  const save = (event: FormEvent) => {
    event.preventDefault()
    const planned_min = typeof minutes === 'number' ? minutes : null
    command.mutate(
      { kind: 'change_item', item_id: item.id, title, presenter, planned_min },
      { onSuccess: onDone },
    )
  }
  return (
    <form onSubmit={save} className={styles.edit}>
      <Stack gap="sm">
        <TextInput
          label={t('item.title')}
          value={title}
          onChange={event => setTitle(event.currentTarget.value)}
          maxLength={500}
          data-autofocus
          required
        />
        <TextInput
          label={t('item.presenter')}
          value={presenter}
          onChange={event => setPresenter(event.currentTarget.value)}
          maxLength={200}
        />
        <NumberInput
          label={t('item.minutes')}
          value={minutes}
          onChange={setMinutes}
          min={1}
          max={1440}
          allowDecimal={false}
          clampBehavior="strict"
        />
        <ProblemNotice problem={command.error} />
        <Button type="submit" loading={command.isPending} disabled={!title.trim()}>
          {t('item.save')}
        </Button>
      </Stack>
    </form>
  )
}
