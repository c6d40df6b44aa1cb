import type { ReactNode } from 'react'
import styles from './top-bar.module.css'

interface TopBarProps {
  /** At the very left: a way back, the mark. */
  start?: ReactNode
  title: ReactNode
  /** What is true now: state, quorum, connection. It wraps under the title when there is no room. */
  status?: ReactNode
  /** At the right: few, the rest in a menu. */
  actions?: ReactNode
}

/** The line on top of every screen. */
export function TopBar({ start, title, status, actions }: TopBarProps) {
  return (
    <header className={styles.bar}>
      {start}
      <div className={styles.title}>{title}</div>
      {status && <div className={styles.status}>{status}</div>}
      {actions && <div className={styles.actions}>{actions}</div>}
    </header>
  )
}
