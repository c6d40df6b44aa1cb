import { Button, Modal } from '@mantine/core'
import { IconPhone } from '@tabler/icons-react'
import { useTexts } from '@/shared/i18n/texts'
import type { Capture, CaptureSnapshot } from '@/shared/media/capture'
import { DeviceChoice } from '@/shared/media/device-choice'
import { mediaWords } from '@/shared/media/words'
import type { LinkSnapshot } from '@/shared/peer'
import type { Health } from '@/shared/peer-stats'
import { type Me, useFormat, useMe } from '@/shared/session'
import { texts } from '../i18n'
import styles from './help.module.css'

interface OwnLink {
  now: LinkSnapshot | null
  health: Health
}

export interface OwnLinks {
  seen: OwnLink
  sent: OwnLink | null
}

interface HelpProps {
  capture: Capture
  now: CaptureSnapshot
  links: OwnLinks
  opened: boolean
  onClose: () => void
}

/** Whom to call, what to tell them, what to look at first. */
export function Help({ capture, now, links, opened, onClose }: HelpProps) {
  const t = useTexts(texts)
  const me = useMe()
  const phone = phoneOf(me)
  return (
    <Modal opened={opened} onClose={onClose} title={t('help.title')} size="xl">
      {phone === null ? (
        <p className={styles.lead}>{t('help.noPhone')}</p>
      ) : (
        <Button
          component="a"
          href={`tel:${phone.replaceAll(/[^+\d]/g, '')}`}
          size="xl"
          fullWidth
          leftSection={<IconPhone size={30} aria-hidden />}
        >
          {t('help.call')}: {phone}
        </Button>
      )}
      <h3 className={styles.head}>{t('help.first')}</h3>
      <ol className={styles.steps}>
        <li>{t('help.steps.power')}</li>
        <li>{t('help.steps.device')}</li>
        <li>{t('help.steps.wait')}</li>
      </ol>
      <h3 className={styles.head}>{t('help.devices')}</h3>
      <DeviceChoice capture={capture} now={now} />
      <h3 className={styles.head}>{t('help.tell')}</h3>
      <dl className={styles.facts}>
        <dt>{t('help.place')}</dt>
        <dd>{me.name}</dd>
        <dt>{t('help.watching')}</dt>
        <dd>
          <Flow {...links.seen} />
        </dd>
        <dt>{t('help.sending')}</dt>
        <dd>{links.sent === null ? t('help.notSending') : <Flow {...links.sent} />}</dd>
      </dl>
    </Modal>
  )
}

function Flow({ now, health }: OwnLink) {
  const t = useTexts(texts)
  const m = useTexts(mediaWords)
  const format = useFormat()
  const { video, loss, rtt_ms } = now?.stats ?? {}
  const word = m(`health.${health}`)
  const tries = t('help.tries', { count: now?.sessions ?? 0 })
  if (!video) return `${word}. ${t('help.noFlow')}. ${tries}.`
  const { width, height, fps, kbps } = video
  const flow = t('help.flow', {
    width,
    height,
    fps,
    kbps: format.number(kbps),
    loss: format.percent(loss ?? 0),
    rtt: rtt_ms ?? 0,
  })
  return `${word}. ${flow}. ${tries}.`
}

/** The organisation's help line, once the server tells one. */
function phoneOf(me: Me): string | null {
  const organisation: object = me.organisation
  const phone = 'help_phone' in organisation ? organisation.help_phone : null
  return typeof phone === 'string' && phone !== '' ? phone : null
}
