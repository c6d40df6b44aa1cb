import { Button, Drawer, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useState } from 'react'
import { folded } from '@/shared/fold'
import { common } from '@/shared/i18n/common'
import { useTexts } from '@/shared/i18n/texts'
import type { Attendant, Room } from '@/shared/room-types'
import { may } from '@/shared/room-views'
import { PersonName } from '@/shared/ui/person-name'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { StatusBadge } from '@/shared/ui/status-badge'
import { type Act, useAct } from '@/shared/use-room'
import { texts } from '../i18n'
import styles from '../room.module.css'

const TONES = { expected: 'neutral', present: 'good', left: 'warn', excused: 'abstain' } as const

interface PeopleProps {
  room: Room
  opened: boolean
  onClose: () => void
}

/** Who is invited and who is there. The chair and the secretary check people in who have no tablet at hand. */
export function People({ room, opened, onClose }: PeopleProps) {
  const t = useTexts(texts)
  const c = useTexts(common)
  const act = useAct(room.meeting.id)
  const [sought, setSought] = useState('')
  const found = room.attendants.filter(one => folded(one.name).includes(folded(sought)))
  const live = room.meeting.state === 'convened' || room.meeting.state === 'open'
  const levers = live && may(room, 'check_in_others')
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position="right"
      size="lg"
      title={t('people.title')}
      closeButtonProps={{ 'aria-label': c('close') }}
    >
      {room.attendants.length > 8 && (
        <TextInput
          aria-label={t('people.search')}
          placeholder={t('people.search')}
          leftSection={<IconSearch size={20} aria-hidden />}
          value={sought}
          onChange={event => setSought(event.currentTarget.value)}
        />
      )}
      <ProblemNotice problem={act.problem} />
      {found.length === 0 && <p>{t('people.nobody')}</p>}
      <ul className={styles.people}>
        {found.map(one => (
          <li key={one.person_id}>
            <div className={styles.person}>
              <PersonName
                name={one.name}
                title={[one.position, t(`people.role.${one.role}`)].filter(Boolean).join(' · ')}
              />
              <StatusBadge tone={TONES[one.state]}>{t(`people.state.${one.state}`)}</StatusBadge>
            </div>
            {one.excuse !== '' && one.state === 'excused' && <p className={styles.excuse}>{one.excuse}</p>}
            {levers && <Levers one={one} act={act} />}
          </li>
        ))}
      </ul>
    </Drawer>
  )
}

function Levers({ one, act }: { one: Attendant; act: Act }) {
  const t = useTexts(texts)
  const { person_id, name, state } = one
  return (
    <div className={styles.levers}>
      {state !== 'present' && (
        <Button
          variant="light"
          color="good"
          aria-label={t('people.checkInFor', { name })}
          onClick={() => void act.run({ kind: 'check_in', person_id, heads: null })}
        >
          {t('people.checkIn')}
        </Button>
      )}
      {state === 'present' && (
        <Button
          variant="default"
          aria-label={t('people.checkOutFor', { name })}
          onClick={() => void act.run({ kind: 'check_out', person_id })}
        >
          {t('people.checkOut')}
        </Button>
      )}
      {(state === 'expected' || state === 'left') && (
        <Button
          variant="default"
          aria-label={t('people.excuseFor', { name })}
          onClick={() => void act.run({ kind: 'excuse', person_id, reason: '' })}
        >
          {t('people.excuse')}
        </Button>
      )}
    </div>
  )
}
