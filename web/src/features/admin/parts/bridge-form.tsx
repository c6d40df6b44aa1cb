import { Button, Modal, NumberInput, Switch, TextInput } from '@mantine/core'
import { useState } from 'react'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { type Bridge, useSaveBridge } from '../api'
import { texts } from '../i18n'
import styles from './list.module.css'

/** Adds a bridge, or changes one. */
export function BridgeForm({ bridge, onClose }: { bridge: Bridge | null; onClose: () => void }) {
  const t = useTexts(texts)
  const c = useTexts(common)
  const save = useSaveBridge(bridge?.id ?? null)
  const [given, setGiven] = useState({
    name: bridge?.name ?? '',
    code: bridge?.code ?? '',
    parent: bridge?.parent ?? '',
    phone: bridge?.phone ?? '',
    capacity: bridge?.capacity ?? null,
    active: bridge?.active ?? true,
  })
  const [tried, setTried] = useState(false)
  const set = (change: Partial<typeof given>): void => setGiven(before => ({ ...before, ...change }))
  const needed = (text: string): string | undefined =>
    tried && text.trim() === '' ? t('form.needed') : undefined
  const submit = (): void => {
    setTried(true)
    if (given.name.trim() === '' || given.code.trim() === '') return
    save.mutate(given, { onSuccess: onClose })
  }
  return (
    <Modal opened onClose={onClose} title={t(bridge === null ? 'addBridge' : 'editBridge')} size="lg">
      <form
        className={styles.form}
        noValidate
        onSubmit={event => {
          event.preventDefault()
          submit()
        }}
      >
        <TextInput
          label={t('form.bridgeName')}
          value={given.name}
          onChange={event => set({ name: event.currentTarget.value })}
          error={needed(given.name)}
          required
          data-autofocus
        />
        <div className={styles.pair}>
          <TextInput
            label={t('form.code')}
            description={t('form.codeHint')}
            value={given.code}
            onChange={event => set({ code: event.currentTarget.value })}
            error={needed(given.code)}
            required
          />
          <TextInput
            label={t('form.parent')}
            value={given.parent}
            onChange={event => set({ parent: event.currentTarget.value })}
          />
          <TextInput
            label={t('form.phone')}
            type="tel"
            value={given.phone}
            onChange={event => set({ phone: event.currentTarget.value })}
          />
          <NumberInput
            label={t('form.capacity')}
            value={given.capacity ?? ''}
            onChange={next => set({ capacity: typeof next === 'number' ? next : null })}
            min={1}
            allowDecimal={false}
            allowNegative={false}
            hideControls
            inputMode="numeric"
          />
        </div>
        {bridge !== null && (
          <Switch
            label={t('form.active')}
            description={t('form.activeHint')}
            checked={given.active}
            onChange={event => set({ active: event.currentTarget.checked })}
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
