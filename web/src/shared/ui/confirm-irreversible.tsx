import { Button, Modal } from '@mantine/core'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import styles from './confirm-irreversible.module.css'
import { ProblemNotice } from './problem-notice'
import type { Tone } from './theme'

interface ConfirmIrreversibleProps {
  opened: boolean
  /** The act: "Bế mạc cuộc họp?" */
  title: string
  /** What follows and cannot be taken back: "Không ai biểu quyết hay phát biểu được nữa." */
  consequence: string
  /** The act again, as the button's verb: "Bế mạc". Never "OK". */
  confirmLabel: string
  onConfirm: () => void
  onCancel: () => void
  pending?: boolean
  /** A refusal of the act, shown inside. */
  problem?: unknown
  tone?: Tone
}

/** Asks once, for the few acts that nothing can undo: cast, sign, close, on air. Everything else gets an undo. */
export function ConfirmIrreversible(props: ConfirmIrreversibleProps) {
  const {
    opened,
    title,
    consequence,
    confirmLabel,
    onConfirm,
    onCancel,
    pending = false,
    problem,
    tone = 'accent',
  } = props
  const t = useTexts(common)
  return (
    <Modal
      opened={opened}
      onClose={pending ? () => undefined : onCancel}
      title={title}
      withCloseButton={false}
      size="lg"
    >
      <p className={styles.consequence}>{consequence}</p>
      <ProblemNotice problem={problem} />
      <div className={styles.buttons}>
        <Button variant="default" size="lg" onClick={onCancel} disabled={pending} data-autofocus>
          {t('cancel')}
        </Button>
        <Button size="lg" color={tone} onClick={onConfirm} loading={pending}>
          {confirmLabel}
        </Button>
      </div>
    </Modal>
  )
}
