import { Button } from '@mantine/core'
import { IconCalendarOff, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { Link } from 'react-router'
import { useTexts } from '@/shared/i18n/texts'
import { useMe } from '@/shared/session'
import { EmptyState } from '@/shared/ui/empty-state'
import { PageTitle } from '@/shared/ui/page-title'
import { Panel } from '@/shared/ui/panel'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { CardSkeleton, ListSkeleton } from '@/shared/ui/skeletons'
import { type MeetingCard, useMeetings } from './api'
import { texts } from './i18n'
import { order } from './order'
import { BridgeHome } from './parts/bridge-home'
import { MeetingList } from './parts/meeting-list'
import { NextMeeting } from './parts/next-meeting'
import styles from './screen.module.css'

const PAST_AT_FIRST = 5

export default function MeetingsScreen() {
  const t = useTexts(texts)
  const me = useMe()
  const { data: meetings, error, refetch } = useMeetings()
  const mayCreate = me.office_rights.includes('create_meetings')
  return (
    <div className={styles.page}>
      <PageTitle>{t('title')}</PageTitle>
      <div className={styles.head}>
        <h1 className={styles.title}>{t('title')}</h1>
        {mayCreate && meetings?.length !== 0 && (
          <Button
            component={Link}
            to="/meetings/new"
            variant="default"
            leftSection={<IconPlus size={20} aria-hidden />}
          >
            {t('create')}
          </Button>
        )}
      </div>
      <ProblemNotice problem={error} onRetry={() => void refetch()} />
      {meetings === undefined && error === null && <Loading />}
      {meetings &&
        (me.kind === 'bridge' ? (
          <BridgeHome meetings={meetings} />
        ) : (
          <Meetings meetings={meetings} mayCreate={mayCreate} />
        ))}
    </div>
  )
}

function Loading() {
  return (
    <>
      <CardSkeleton />
      <ListSkeleton rows={3} />
    </>
  )
}

function Meetings({ meetings, mayCreate }: { meetings: readonly MeetingCard[]; mayCreate: boolean }) {
  const t = useTexts(texts)
  const [allPast, setAllPast] = useState(false)
  const { next, upcoming, past } = order(meetings)
  if (meetings.length === 0) return <NoMeetings mayCreate={mayCreate} />
  return (
    <>
      {next ? (
        <NextMeeting meeting={next} />
      ) : (
        <Panel>
          <EmptyState icon={IconCalendarOff} title={t('none.next')} />
        </Panel>
      )}
      {upcoming.length > 0 && (
        <Panel title={t('upcoming')} flush>
          <MeetingList meetings={upcoming} />
        </Panel>
      )}
      {past.length > 0 && (
        <Panel title={t('past')} flush>
          <MeetingList meetings={allPast ? past : past.slice(0, PAST_AT_FIRST)} />
          {!allPast && past.length > PAST_AT_FIRST && (
            <Button variant="subtle" fullWidth onClick={() => setAllPast(true)}>
              {t('showMorePast')}
            </Button>
          )}
        </Panel>
      )}
    </>
  )
}

function NoMeetings({ mayCreate }: { mayCreate: boolean }) {
  const t = useTexts(texts)
  return (
    <Panel>
      <EmptyState
        icon={IconCalendarOff}
        title={t('none.title')}
        hint={t(mayCreate ? 'none.hintSecretary' : 'none.hint')}
        action={
          mayCreate && (
            <Button component={Link} to="/meetings/new" size="lg">
              {t('create')}
            </Button>
          )
        }
      />
    </Panel>
  )
}
