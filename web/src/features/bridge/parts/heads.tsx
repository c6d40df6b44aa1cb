import { ActionIcon, Button, Modal, NumberInput } from '@mantine/core'
import { IconMinus, IconPlus } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { useAct } from '@/shared/use-room'
import { texts } from '../i18n'
import styles from './heads.module.css'

/** As the server's own limit. */
const HEADS_MAX = 20_000

interface HeadsProps {
  meetingId: string
  heads: number | null
  opened: boolean
  onClose: () => void
}

/** How many delegates sit in this hall. */
export function Heads({ meetingId, heads, opened, onClose }: HeadsProps) {
  const t = useTexts(texts)
  const c = useTexts(common)
  const { run, pending, problem, clear } = useAct(meetingId)
  const [value, setValue] = useState<number | null>(heads)
  // biome-ignore lint/correctness/useExhaustiveDependencies: filled when it opens, not while it is typed into
  useEffect(() => {
    if (!opened) return
    setValue(heads)
    clear()
  }, [opened])
  const set = (next: number): void => setValue(Math.min(HEADS_MAX, Math.max(0, next)))
  const save = async (): Promise<void> => {
    if (value !== null && (await run({ kind: 'report_heads', heads: value })) !== null) onClose()
  }
  return (
    <Modal opened={opened} onClose={onClose} title={t('heads.title')} size="lg">
      <form
        onSubmit={event => {
          event.preventDefault()
          void save()
        }}
      >
        <div className={styles.row}>
          <ActionIcon
            variant="default"
            size={64}
            aria-label={t('heads.less')}
            onClick={() => set((value ?? 0) - 1)}
          >
            <IconMinus size={28} aria-hidden />
          </ActionIcon>
          <NumberInput
            aria-label={t('heads.title')}
            value={value ?? ''}
            onChange={next => setValue(typeof next === 'number' ? next : null)}
            min={0}
            max={HEADS_MAX}
            clampBehavior="strict"
            allowDecimal={false}
            allowNegative={false}
            hideControls
            thousandSeparator="."
            decimalSeparator=","
            inputMode="numeric"
            classNames={{ input: styles.number ?? '' }}
            data-autofocus
          />
          <ActionIcon
            variant="default"
            size={64}
            aria-label={t('heads.more')}
            onClick={() => set((value ?? 0) + 1)}
          >
            <IconPlus size={28} aria-hidden />
          </ActionIcon>
        </div>
        <p className={styles.hint}>{t('heads.hint')}</p>
        <ProblemNotice problem={problem} />
        <div className={styles.buttons}>
          <Button variant="default" size="lg" onClick={onClose}>
            {c('cancel')}
          </Button>
          <Button type="submit" size="lg" loading={pending} disabled={value === null}>
            {c('save')}
          </Button>
        </div>
      </form>
    </Modal>
  )
}
