import { Button } from '@mantine/core'
import {
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
  IconMicrophone,
  IconNetwork,
  IconVideo,
  IconVolume,
  type TablerIcon,
} from '@tabler/icons-react'
import { type ReactNode, useCallback, useEffect, useState } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import type { Capture, CaptureSnapshot } from '@/shared/media/capture'
import { DeviceChoice } from '@/shared/media/device-choice'
import { playTone } from '@/shared/media/level'
import { LevelMeter } from '@/shared/media/level-meter'
import { useLevel } from '@/shared/media/use-capture'
import { mediaWords } from '@/shared/media/words'
import type { LinkSnapshot } from '@/shared/peer'
import { Panel } from '@/shared/ui/panel'
import { StatusBadge } from '@/shared/ui/status-badge'
import { type CheckState, cameraCheck, type Heard, lineCheck, microphoneCheck, speakerCheck } from '../checks'
import { texts } from '../i18n'
import styles from './connection-test.module.css'

interface ConnectionTestProps {
  capture: Capture
  now: CaptureSnapshot
  link: LinkSnapshot | null
}

/** Four check marks that a technician reads from across the hall. */
export function ConnectionTest({ capture, now, link }: ConnectionTestProps) {
  const t = useTexts(texts)
  const [loudest, setLoudest] = useState(0)
  const [heard, setHeard] = useState<Heard>('untried')
  const louder = useCallback((level: number) => setLoudest(before => Math.max(before, level)), [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: another microphone is tried anew
  useEffect(() => setLoudest(0), [now.audio])

  const camera = cameraCheck(now.camera)
  const microphone = microphoneCheck(now.microphone, loudest)
  const speaker = speakerCheck(heard)
  const line = lineCheck(link)
  const left = [camera, microphone, speaker, line].filter(state => state !== 'ok').length
  return (
    <div className={styles.test} data-testid="connection-test" data-left={left}>
      <Panel
        title={t('test.title')}
        aside={
          left === 0 ? (
            <StatusBadge tone="good" strong>
              {t('test.done')}
            </StatusBadge>
          ) : (
            <StatusBadge tone="warn">{t('test.left', { count: left })}</StatusBadge>
          )
        }
        footer={<DeviceChoice capture={capture} now={now} />}
        flush
      >
        <ul className={styles.checks}>
          <Check state={camera} icon={IconVideo} name={t('test.camera')} testId="check-camera">
            <DeviceWord now={now} device="camera" />
          </Check>
          <Check
            state={microphone}
            icon={IconMicrophone}
            name={t('test.microphone')}
            testId="check-microphone"
          >
            <DeviceWord now={now} device="microphone" heard={microphone === 'ok'} />
            <Loudest track={now.microphone === 'on' ? now.audio : null} take={louder} />
          </Check>
          <Check state={speaker} icon={IconVolume} name={t('test.speaker')} testId="check-speaker">
            <SpeakerWord heard={heard} onHeard={setHeard} />
          </Check>
          <Check state={line} icon={IconNetwork} name={t('test.line')} testId="check-line">
            <LineWord state={line} link={link} />
          </Check>
        </ul>
      </Panel>
    </div>
  )
}

interface CheckProps {
  state: CheckState
  icon: TablerIcon
  name: string
  testId: string
  children: ReactNode
}

const MARK: Record<CheckState, TablerIcon> = { ok: IconCircleCheck, wait: IconCircleDashed, bad: IconCircleX }

function Check({ state, icon: Glyph, name, testId, children }: CheckProps) {
  const t = useTexts(texts)
  const Mark = MARK[state]
  return (
    <li className={styles.check} data-state={state} data-testid={testId}>
      <Mark size={32} stroke={2} className={styles.mark} aria-label={t(`test.state.${state}`)} role="img" />
      <div className={styles.what}>
        <span className={styles.name}>
          <Glyph size="1.2em" aria-hidden />
          {name}
        </span>
        <div className={styles.word}>{children}</div>
      </div>
    </li>
  )
}

function Loudest({ track, take }: { track: MediaStreamTrack | null; take: (level: number) => void }) {
  const level = useLevel(track)
  useEffect(() => take(level), [level, take])
  return <LevelMeter track={track} />
}

function DeviceWord({
  now,
  device,
  heard,
}: {
  now: CaptureSnapshot
  device: 'camera' | 'microphone'
  heard?: boolean
}) {
  const t = useTexts(texts)
  const m = useTexts(mediaWords)
  const state = now[device]
  if (state === 'refused' || state === 'missing' || state === 'busy' || state === 'insecure') {
    const word = device === 'camera' ? m(`cameraState.${state}`) : m(`microphoneState.${state}`)
    return (
      <span>
        {word}. {m(`hint.${state}`)}
      </span>
    )
  }
  if (device === 'microphone') {
    if (state !== 'on') return <span>{m(`microphoneState.${state}`)}</span>
    return <span>{t(heard ? 'test.microphoneOk' : 'test.microphoneSay')}</span>
  }
  const { width, height } = now.video?.getSettings() ?? {}
  if (state !== 'on' || !width || !height) return <span>{m(`cameraState.${state}`)}</span>
  return <span>{t('test.cameraOk', { width, height })}</span>
}

function SpeakerWord({ heard, onHeard }: { heard: Heard; onHeard: (heard: Heard) => void }) {
  const t = useTexts(texts)
  const play = async (): Promise<void> => {
    onHeard('playing')
    await playTone().then(
      () => onHeard('asking'),
      () => onHeard('not-heard'),
    )
  }
  if (heard === 'asking') {
    return (
      <>
        <span>{t('test.speakerHeard')}</span>
        <span className={styles.answers}>
          <Button onClick={() => onHeard('heard')}>{t('test.heard')}</Button>
          <Button variant="default" onClick={() => onHeard('not-heard')}>
            {t('test.notHeard')}
          </Button>
        </span>
      </>
    )
  }
  const word =
    heard === 'heard' ? 'test.speakerOk' : heard === 'not-heard' ? 'test.speakerBad' : 'test.speakerAsk'
  return (
    <>
      <span>{heard === 'playing' ? t('test.speakerPlaying') : t(word)}</span>
      <Button
        variant="default"
        loading={heard === 'playing'}
        onClick={() => void play()}
        data-testid="play-tone"
      >
        {t('test.speakerPlay')}
      </Button>
    </>
  )
}

function LineWord({ state, link }: { state: CheckState; link: LinkSnapshot | null }) {
  const t = useTexts(texts)
  const rtt = link?.stats?.rtt_ms ?? null
  if (state === 'wait') return <span>{t('test.lineTrying')}</span>
  if (state === 'bad') return <span>{t('test.lineBad')}</span>
  return <span>{rtt === null ? t('test.lineOkUnknown') : t('test.lineOk', { rtt })}</span>
}
