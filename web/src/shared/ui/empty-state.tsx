import type { TablerIcon } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import styles from './empty-state.module.css'

interface EmptyStateProps {
  icon?: TablerIcon
  title: string
  /** What to do next, or when something will stand here. */
  hint?: ReactNode
  /** The button that does it. */
  action?: ReactNode
}

/** What stands where nothing is yet. */
export function EmptyState({ icon: Glyph, title, hint, action }: EmptyStateProps) {
  return (
    <div className={styles.empty}>
      {Glyph && <Glyph size={40} stroke={1.5} aria-hidden className={styles.glyph} />}
      <p className={styles.title}>{title}</p>
      {hint && <p className={styles.hint}>{hint}</p>}
      {action && <div className={styles.action}>{action}</div>}
    </div>
  )
}
