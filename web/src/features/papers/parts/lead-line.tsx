import { Button } from '@mantine/core'
import { IconArrowBackUp, IconPresentation, IconUsersGroup } from '@tabler/icons-react'
import { useTexts } from '@/shared/i18n/texts'
import type { Reading } from '@/shared/reading'
import type { Paper, Room } from '@/shared/room-types'
import { may } from '@/shared/room-views'
import { StatusBadge } from '@/shared/ui/status-badge'
import type { Act } from '@/shared/use-room'
import { texts } from '../i18n'
import styles from '../papers.module.css'

interface LeadLineProps {
  room: Room
  act: Act
  reading: Reading
  paper: Paper
  page: number
}

/** Who leads to which page. The chair begins and ends it here; everybody else sees it and comes back to it. */
export function LeadLine({ room, act, reading, paper, page }: LeadLineProps) {
  const t = useTexts(texts)
  const { lead, state } = room.meeting
  if (state !== 'open') return null
  if (may(room, 'preside'))
    return (
      <div className={styles.lead}>
        {lead ? (
          <>
            <span className={styles.leadWord}>
              <StatusBadge tone="for" icon={IconUsersGroup}>
                {t('lead.leading')}
              </StatusBadge>
            </span>
            <Button variant="default" onClick={() => void act.run({ kind: 'end_lead' })}>
              {t('lead.end')}
            </Button>
          </>
        ) : (
          <Button
            variant="default"
            disabled={paper.state !== 'ready'}
            leftSection={<IconPresentation size={22} aria-hidden />}
            onClick={() => {
              reading.follow(false)
              void act.run({ kind: 'lead_to', paper_id: paper.id, page })
            }}
          >
            {t('lead.begin')}
          </Button>
        )}
      </div>
    )
  if (!lead) return null
  if (reading.following)
    return (
      <div className={styles.lead} data-following>
        <StatusBadge tone="for" icon={IconUsersGroup}>
          {t('lead.following')}
        </StatusBadge>
      </div>
    )
  const there = room.papers.find(one => one.id === lead.paper_id)
  return (
    <div className={styles.lead}>
      <span role="status" className={styles.chairAt}>
        {lead.paper_id === paper.id
          ? t('lead.chairAt', { page: lead.page })
          : t('lead.chairElsewhere', { page: lead.page, title: there?.title ?? '' })}
      </span>
      <Button
        variant="light"
        leftSection={<IconArrowBackUp size={22} aria-hidden />}
        onClick={() => reading.follow(true)}
      >
        {t('lead.rejoin')}
      </Button>
    </div>
  )
}
