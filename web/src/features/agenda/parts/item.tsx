import { Button, UnstyledButton } from '@mantine/core'
import { IconCheck, IconDownload, IconFileText, IconPlayerPlay } from '@tabler/icons-react'
import { useEffect, useRef } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import type { Room } from '@/shared/room-types'
import { may, type NumberedItem, papersOf } from '@/shared/room-views'
import { useFormat } from '@/shared/session'
import type { Act } from '@/shared/use-room'
import styles from '../agenda.module.css'
import { texts } from '../i18n'

interface ItemProps {
  numbered: NumberedItem
  room: Room
  act: Act
  unfolded: boolean
  onTap: () => void
  onRead: (paper_id: string) => void
  /** The paper on the screen now. */
  shown: string | null
}

export function Item({ numbered, room, act, unfolded, onTap, onRead, shown }: ItemProps) {
  const t = useTexts(texts)
  const format = useFormat()
  const { item, number, depth } = numbered
  const papers = papersOf(room, item.id)
  const current = item.state === 'current'
  const row = useRef<HTMLLIElement>(null)
  useEffect(() => {
    if (current) row.current?.scrollIntoView({ block: 'nearest' })
  }, [current])
  const mayStart = may(room, 'preside') && room.meeting.state === 'open' && !current
  const small = [
    item.presenter,
    item.planned_min === null ? '' : whole(t('minutes', { count: item.planned_min })),
    item.started_at === null ? '' : whole(t('begun', { time: format.time(item.started_at) })),
    papers.length === 0 ? '' : whole(t('papers', { count: papers.length })),
  ].filter(Boolean)
  return (
    <li ref={row} className={styles.item} data-state={item.state} data-depth={depth}>
      <UnstyledButton
        className={styles.head ?? ''}
        aria-expanded={unfolded}
        aria-current={current ? 'step' : undefined}
        onClick={onTap}
      >
        <span className={`dh-numbers ${styles.number}`}>{number}</span>
        <span className={styles.words}>
          <span className={styles.title}>{item.title}</span>
          {current && <span className={styles.now}>{t('state.current')}</span>}
          {small.length > 0 && <span className={styles.small}>{small.join('\u00a0· ')}</span>}
        </span>
        {item.state === 'done' && (
          <span className={styles.done}>
            <IconCheck size={22} aria-hidden />
            <span className="dh-only-read">{t('state.done')}</span>
          </span>
        )}
      </UnstyledButton>
      {unfolded && (papers.length > 0 || mayStart) && (
        <div className={styles.more}>
          {papers.map(paper => (
            <Button
              key={paper.id}
              variant={paper.id === shown ? 'light' : 'subtle'}
              color={paper.id === shown ? 'accent' : 'abstain'}
              className={styles.paper ?? ''}
              aria-pressed={paper.id === shown}
              leftSection={
                paper.state === 'ready' ? (
                  <IconFileText size={20} aria-hidden />
                ) : (
                  <IconDownload size={20} aria-hidden />
                )
              }
              onClick={() => onRead(paper.id)}
            >
              {paper.title}
              <span className={styles.small}>
                {paper.state === 'ready' ? t('pages', { count: paper.pages }) : t('download')}
              </span>
            </Button>
          ))}
          {mayStart && (
            <Button
              variant="default"
              loading={act.pending}
              leftSection={<IconPlayerPlay size={20} aria-hidden />}
              onClick={() => void act.run({ kind: 'start_item', item_id: item.id })}
            >
              {t(item.state === 'done' ? 'again' : 'start')}
            </Button>
          )}
        </div>
      )}
    </li>
  )
}

/** Not to be broken between lines. */
const whole = (words: string): string => words.replaceAll(' ', '\u00a0')
