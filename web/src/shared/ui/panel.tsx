import { type ReactNode, useId } from 'react'
import styles from './panel.module.css'

interface PanelProps {
  title?: ReactNode
  /** Beside the title: a badge, a count, one small lever. */
  aside?: ReactNode
  /** Under the content, always in sight. */
  footer?: ReactNode
  /** The content scrolls inside the panel, which then fills the height it is given. */
  scrolls?: boolean
  /** No padding round the content: lists and papers. */
  flush?: boolean
  children: ReactNode
}

/** A surface with a heading: the one kind of box on a screen. */
export function Panel({ title, aside, footer, scrolls = false, flush = false, children }: PanelProps) {
  const id = useId()
  return (
    <section
      className={styles.panel}
      data-scrolls={scrolls || undefined}
      aria-labelledby={title ? id : undefined}
    >
      {(title || aside) && (
        <header className={styles.head}>
          {title && (
            <h2 id={id} className={styles.title}>
              {title}
            </h2>
          )}
          {aside && <div className={styles.aside}>{aside}</div>}
        </header>
      )}
      <div className={styles.content} data-flush={flush || undefined}>
        {children}
      </div>
      {footer && <footer className={styles.foot}>{footer}</footer>}
    </section>
  )
}
