import styles from './person-name.module.css'

interface PersonNameProps {
  name: string
  /** "Phó Chủ tịch UBND xã", under the name. */
  title?: string | null | undefined
  size?: 'normal' | 'large' | 'wall'
}

/** A person's name, whole: it may break between words, never inside one and never into "…". */
export function PersonName({ name, title, size = 'normal' }: PersonNameProps) {
  return (
    <span className={styles.person} data-size={size} translate="no">
      <span className={styles.name}>{name}</span>
      {title && <span className={styles.title}>{title}</span>}
    </span>
  )
}
