// Loading in the shape of what comes. Screen readers hear one word; sighted people see the page settle without a jump.
import { Skeleton } from '@mantine/core'
import type { ReactNode } from 'react'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import styles from './skeletons.module.css'

const keys = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

function Loading({ children, className }: { children: ReactNode; className?: string | undefined }) {
  const t = useTexts(common)
  return (
    <div className={className} role="status" aria-busy>
      <span className="dh-only-read">{t('loading')}</span>
      {children}
    </div>
  )
}

/** A list: agenda, people, papers. */
export function ListSkeleton({ rows = 5 }: { rows?: number }) {
  return (
    <Loading className={styles.list}>
      {keys(rows).map(row => (
        <div key={row} className={styles.row}>
          <Skeleton height={20} width={`${72 - ((row * 17) % 34)}%`} />
          <Skeleton height={14} width={`${44 - ((row * 11) % 20)}%`} />
        </div>
      ))}
    </Loading>
  )
}

/** One large card: the next meeting, a vote. */
export function CardSkeleton() {
  return (
    <Loading className={styles.card}>
      <Skeleton height={18} width="30%" />
      <Skeleton height={34} width="80%" />
      <Skeleton height={18} width="55%" />
      <Skeleton height={56} width={220} mt="md" />
    </Loading>
  )
}

/** A sheet of paper, A4 upright. */
export function PaperSkeleton() {
  return (
    <Loading className={styles.paper}>
      {keys(14).map(line => (
        <Skeleton key={line} height={12} width={line % 5 === 4 ? '62%' : '100%'} />
      ))}
    </Loading>
  )
}

/** Lines of running text. */
export function TextSkeleton({ lines = 3 }: { lines?: number }) {
  return (
    <Loading className={styles.list}>
      {keys(lines).map(line => (
        <Skeleton key={line} height={16} width={line === lines - 1 ? '60%' : '100%'} />
      ))}
    </Loading>
  )
}

/** A wall of pictures: sources, bridges. */
export function TilesSkeleton({ tiles = 12 }: { tiles?: number }) {
  return (
    <Loading className={styles.tiles}>
      {keys(tiles).map(tile => (
        <Skeleton key={tile} className={styles.tile} />
      ))}
    </Loading>
  )
}

/** A whole page while its code is fetched. */
export function PageSkeleton() {
  return (
    <div className={styles.page}>
      <CardSkeleton />
      <ListSkeleton rows={4} />
    </div>
  )
}
