import { Button } from '@mantine/core'
import type { TablerIcon } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import styles from './action-bar.module.css'
import type { Tone } from './theme'

interface ActionBarProps {
  /** At the left: what the moment is about ("chậm 12 phút so với chương trình"). */
  note?: ReactNode
  /** Less important levers, left of the primary one. */
  secondary?: ReactNode
  children?: ReactNode
}

/** The bar at the bottom where the thumb is. It keeps its place while its content changes. */
export function ActionBar({ note, secondary, children }: ActionBarProps) {
  return (
    <div className={styles.bar}>
      <div className={styles.note}>{note}</div>
      {secondary && <div className={styles.secondary}>{secondary}</div>}
      {children && <div className={styles.primary}>{children}</div>}
    </div>
  )
}

interface PrimaryActionProps {
  label: string
  icon?: TablerIcon
  onPress: () => void
  /** The server has not answered yet: the button says so within 100 ms and cannot be pressed twice. */
  pending?: boolean
  disabled?: boolean
  tone?: Tone
}

/** The one obvious thing to press. One on a screen. */
export function PrimaryAction({
  label,
  icon: Glyph,
  onPress,
  pending = false,
  disabled = false,
  tone = 'accent',
}: PrimaryActionProps) {
  return (
    <Button
      size="lg"
      color={tone}
      loading={pending}
      disabled={disabled}
      onClick={onPress}
      className={styles.button ?? ''}
      rightSection={Glyph ? <Glyph size={24} aria-hidden /> : undefined}
    >
      {label}
    </Button>
  )
}
