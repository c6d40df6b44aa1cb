// What was recorded, for who may play it: one line for each part, played here or taken away.
import { Button } from '@mantine/core'
import { IconDownload, IconPlayerPlay } from '@tabler/icons-react'
import { useState } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import { useFormat } from '@/shared/session'
import { Panel } from '@/shared/ui/panel'
import { type Room, useRecordings } from '../api'
import { texts } from '../i18n'
import styles from './recordings.module.css'

const MB = 1_000_000

export function Recordings({ room }: { room: Room }) {
  const t = useTexts(texts)
  const format = useFormat()
  const [playing, setPlaying] = useState<string | null>(null)
  const parts = useRecordings(room.meeting.id, room.me.rights.includes('play_recordings')).data?.parts ?? []
  if (parts.length === 0) return null
  const address = (name: string): string => `/api/meetings/${room.meeting.id}/recordings/${name}`
  return (
    <Panel title={t('recordings.title')}>
      {playing !== null && (
        // The course of the session is told by its minutes; a recording brings no subtitles.
        // biome-ignore lint/a11y/useMediaCaption: there are none
        <video key={playing} className={styles.player} src={address(playing)} controls autoPlay />
      )}
      <ul className={styles.parts}>
        {parts.map((part, index) => (
          <li key={part.name} className={styles.part}>
            <span className={styles.words}>
              <strong>{t('recordings.part', { number: index + 1 })}</strong>
              <span>
                {[
                  part.began_at && format.dateTime(part.began_at),
                  part.seconds !== null && t('recordings.minutes', { minutes: Math.ceil(part.seconds / 60) }),
                  t('recordings.size', { size: Math.ceil(part.bytes / MB) }),
                  !part.complete && t(part.seconds === null ? 'recordings.going' : 'recordings.cut'),
                ]
                  .filter(Boolean)
                  .join(' · ')}
              </span>
            </span>
            <Button
              variant="default"
              leftSection={<IconPlayerPlay size={20} aria-hidden />}
              onClick={() => setPlaying(part.name)}
            >
              {t('recordings.play')}
            </Button>
            <Button
              component="a"
              href={address(part.name)}
              download={`${room.meeting.details.title} - ${part.name}`}
              variant="subtle"
              leftSection={<IconDownload size={20} aria-hidden />}
            >
              {t('recordings.download')}
            </Button>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
