import { Button, Checkbox, Switch, TextInput } from '@mantine/core'
import {
  IconBuildingBroadcastTower,
  IconKey,
  IconPencil,
  IconPlus,
  IconPrinter,
  IconSearch,
} from '@tabler/icons-react'
import { memo, useCallback, useMemo, useState } from 'react'
import { folded } from '@/shared/fold'
import { useTexts } from '@/shared/i18n/texts'
import { useFormat } from '@/shared/session'
import { ConfirmIrreversible } from '@/shared/ui/confirm-irreversible'
import { EmptyState } from '@/shared/ui/empty-state'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { ListSkeleton } from '@/shared/ui/skeletons'
import { StatusBadge } from '@/shared/ui/status-badge'
import { type Bridge, makeJoinCode, useBridges } from '../api'
import { texts } from '../i18n'
import { BridgeForm } from './bridge-form'
import { HandOver } from './hand-over'
import styles from './list.module.css'
import { ManyCodes } from './many-codes'

type Act =
  | { readonly kind: 'edit' | 'confirm' | 'code'; readonly bridge: Bridge }
  | { readonly kind: 'new' | 'many' }

const nobody: ReadonlySet<string> = new Set()

/** Rows at first: a list is searched, not read to its end. */
const PAGE = 100

export function Bridges() {
  const t = useTexts(texts)
  const format = useFormat()
  const [room, setRoom] = useState(PAGE)
  const { data, error, refetch } = useBridges()
  const [words, setWords] = useState('')
  const [closedToo, setClosedToo] = useState(false)
  const [chosen, setChosen] = useState(nobody)
  const [act, setAct] = useState<Act | null>(null)
  const found = useMemo(
    () => (data ?? []).map(one => [one, folded(`${one.name} ${one.code} ${one.parent}`)] as const),
    [data],
  )
  const shown = useMemo(() => {
    const sought = folded(words).split(/\s+/).filter(Boolean)
    return found
      .filter(([one, text]) => (closedToo || one.active) && sought.every(word => text.includes(word)))
      .map(([one]) => one)
  }, [found, words, closedToo])
  const choose = useCallback(
    (id: string, on: boolean) =>
      setChosen(before => {
        const next = new Set(before)
        if (on) next.add(id)
        else next.delete(id)
        return next
      }),
    [],
  )
  const close = (): void => setAct(null)
  if (error !== null) return <ProblemNotice problem={error} onRetry={() => void refetch()} />
  if (data === undefined) return <ListSkeleton rows={6} />

  const many = data.filter(one => chosen.has(one.id) && one.active)
  return (
    <>
      <div className={styles.tools}>
        <TextInput
          className={styles.search ?? ''}
          aria-label={t('search.bridges')}
          placeholder={t('search.bridges')}
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
          onClick={() => setAct({ kind: 'new' })}
        >
          {t('addBridge')}
        </Button>
      </div>
      {shown.length === 0 ? (
        <EmptyState
          icon={IconBuildingBroadcastTower}
          title={t(data.length === 0 ? 'none.bridges' : 'none.found')}
          hint={data.length === 0 ? t('none.bridgesHint') : undefined}
        />
      ) : (
        <>
          <p className={styles.count}>
            {t('count.bridges', { count: shown.length, shown: format.number(shown.length) })}
          </p>
          <ul className={`${styles.list} ${styles.bridges}`}>
            {shown.slice(0, room).map(one => (
              <Row key={one.id} bridge={one} chosen={chosen.has(one.id)} onChoose={choose} onAct={setAct} />
            ))}
          </ul>
          {shown.length > room && (
            <Button variant="default" fullWidth mt="sm" onClick={() => setRoom(before => before + 5 * PAGE)}>
              {t('more', { left: format.number(shown.length - room) })}
            </Button>
          )}
        </>
      )}
      {many.length > 0 && (
        <div className={styles.chosen} role="status">
          <strong>{t('many.chosen', { count: many.length })}</strong>
          <Button
            variant="subtle"
            color="abstain"
            onClick={() => setChosen(new Set(shown.map(one => one.id)))}
          >
            {t('many.all')}
          </Button>
          <Button variant="subtle" color="abstain" onClick={() => setChosen(nobody)}>
            {t('many.none')}
          </Button>
          <Button
            className={styles.end ?? ''}
            leftSection={<IconPrinter size={22} aria-hidden />}
            onClick={() => setAct({ kind: 'many' })}
          >
            {t('many.make')}
          </Button>
        </div>
      )}
      {act?.kind === 'new' && <BridgeForm bridge={null} onClose={close} />}
      {act?.kind === 'edit' && <BridgeForm bridge={act.bridge} onClose={close} />}
      {act?.kind === 'many' && <ManyCodes bridges={many} onClose={close} />}
      {act?.kind === 'confirm' && (
        <ConfirmIrreversible
          opened
          title={t('link.confirm', { name: act.bridge.name })}
          consequence={t('link.confirmHint')}
          confirmLabel={t('link.confirmLabel')}
          onConfirm={() => setAct({ kind: 'code', bridge: act.bridge })}
          onCancel={close}
        />
      )}
      {act?.kind === 'code' && (
        <HandOver
          kind="bridge"
          subject={act.bridge}
          make={() => makeJoinCode(act.bridge.id)}
          onClose={close}
        />
      )}
    </>
  )
}

interface RowProps {
  bridge: Bridge
  chosen: boolean
  onChoose: (id: string, on: boolean) => void
  onAct: (act: Act) => void
}

const Row = memo(function Row({ bridge, chosen, onChoose, onAct }: RowProps) {
  const t = useTexts(texts)
  return (
    <li className={styles.row} data-closed={!bridge.active || undefined}>
      <Checkbox
        radius="xs"
        size="md"
        aria-label={t('many.one', { name: bridge.name })}
        checked={chosen}
        disabled={!bridge.active}
        onChange={event => onChoose(bridge.id, event.currentTarget.checked)}
      />
      <span className={styles.what}>
        <strong>{bridge.name}</strong>
        <span className={styles.detail}>
          {bridge.code}
          {bridge.capacity !== null && ` · ${t('columns.capacity')}: ${bridge.capacity}`}
        </span>
      </span>
      <span className={`${styles.detail} ${styles.wide}`}>{bridge.parent}</span>
      <span className={`${styles.detail} ${styles.wide}`}>
        {bridge.active ? bridge.phone : <StatusBadge tone="neutral">{t('closed')}</StatusBadge>}
      </span>
      <span className={styles.acts}>
        <Button
          variant="default"
          leftSection={<IconKey size={20} aria-hidden />}
          disabled={!bridge.active}
          onClick={() => onAct({ kind: 'confirm', bridge })}
          aria-label={`${t('link.makeCode')}: ${bridge.name}`}
        >
          {t('link.makeCode')}
        </Button>
        <Button
          variant="subtle"
          color="abstain"
          leftSection={<IconPencil size={20} aria-hidden />}
          onClick={() => onAct({ kind: 'edit', bridge })}
          aria-label={`${t('editBridge')}: ${bridge.name}`}
        >
          {t('editBridge')}
        </Button>
      </span>
    </li>
  )
})
