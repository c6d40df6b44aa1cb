import { Button, Modal, SegmentedControl, Select, Switch, Textarea } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useId, useState } from 'react'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import type { Room, Threshold, VoteBase } from '@/shared/room-types'
import { numbered } from '@/shared/room-views'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { useAct } from '@/shared/use-room'
import { texts } from '../i18n'
import styles from '../voting.module.css'

const THRESHOLDS: Record<'half' | 'twoThirds' | 'all', Threshold> = {
  half: { numerator: 1, denominator: 2, strict: true },
  twoThirds: { numerator: 2, denominator: 3, strict: false },
  all: { numerator: 1, denominator: 1, strict: false },
}
const KINDS = ['half', 'twoThirds', 'all'] as const
const BASES = ['members_in_office', 'present_at_opening', 'votes_cast'] as const satisfies readonly VoteBase[]
const WHOLE = 'whole'
const LONGEST = 500

interface PollFormProps {
  room: Room
  meeting_id: string
  onDone: () => void
}

/** A question, what it belongs to, and what carries it. */
export function PollForm({ room, meeting_id, onDone }: PollFormProps) {
  const t = useTexts(texts)
  const c = useTexts(common)
  const act = useAct(meeting_id)
  const [question, setQuestion] = useState('')
  const [missing, setMissing] = useState(false)
  const [item, setItem] = useState(room.meeting.current_item_id ?? WHOLE)
  const [kind, setKind] = useState<(typeof KINDS)[number]>('half')
  const [base, setBase] = useState<VoteBase>('members_in_office')
  const [changeable, setChangeable] = useState(true)
  const thresholdId = useId()
  const baseId = useId()
  const orientation = useMediaQuery('(max-width: 36em)') ? 'vertical' : 'horizontal'

  const save = async (): Promise<void> => {
    if (question.trim() === '') return setMissing(true)
    const done = await act.run({
      kind: 'prepare_poll',
      question: question.trim(),
      item_id: item === WHOLE ? null : item,
      rule: { base, threshold: THRESHOLDS[kind], changeable },
    })
    if (done) onDone()
  }

  return (
    <Modal
      opened
      onClose={onDone}
      title={t('prepare')}
      size="lg"
      closeButtonProps={{ 'aria-label': c('close') }}
    >
      <form
        className={styles.form}
        onSubmit={event => {
          event.preventDefault()
          void save()
        }}
      >
        <Textarea
          label={t('form.question')}
          description={t('form.questionHint')}
          value={question}
          onChange={event => setQuestion(event.currentTarget.value)}
          error={missing && question.trim() === '' && t('form.empty')}
          maxLength={LONGEST}
          autosize
          minRows={2}
          data-autofocus
        />
        <Select
          label={t('form.item')}
          value={item}
          onChange={value => setItem(value ?? WHOLE)}
          allowDeselect={false}
          data={[
            { value: WHOLE, label: t('form.whole') },
            ...numbered(room.agenda).map(one => ({
              value: one.item.id,
              label: `${one.number}. ${one.item.title}`,
            })),
          ]}
        />
        <div>
          <p id={thresholdId} className={styles.label}>
            {t('form.threshold')}
          </p>
          <SegmentedControl
            fullWidth
            orientation={orientation}
            aria-labelledby={thresholdId}
            value={kind}
            onChange={value => setKind(KINDS.find(one => one === value) ?? 'half')}
            data={KINDS.map(one => ({ value: one, label: t(`form.${one}`) }))}
          />
        </div>
        <div>
          <p id={baseId} className={styles.label}>
            {t('form.base')}
          </p>
          <SegmentedControl
            fullWidth
            orientation={orientation}
            aria-labelledby={baseId}
            value={base}
            onChange={value => setBase(BASES.find(one => one === value) ?? 'members_in_office')}
            data={BASES.map(one => ({ value: one, label: t(`form.baseOf.${one}`) }))}
          />
        </div>
        <Switch
          label={t('form.changeable')}
          checked={changeable}
          onChange={event => setChangeable(event.currentTarget.checked)}
        />
        <ProblemNotice problem={act.problem} />
        <div className={styles.buttons}>
          <Button variant="default" size="lg" onClick={onDone}>
            {c('cancel')}
          </Button>
          <Button type="submit" size="lg" loading={act.pending}>
            {t('form.save')}
          </Button>
        </div>
      </form>
    </Modal>
  )
}
