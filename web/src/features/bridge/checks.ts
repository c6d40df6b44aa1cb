// The connection test: four checks, each ok, waiting or failed, from plain facts. Pure.

import type { DeviceState } from '@/shared/media/capture'
import type { LinkSnapshot } from '@/shared/peer'

export type CheckState = 'ok' | 'wait' | 'bad'

/** Speech in a hall is well above it, a quiet room below. */
export const SPEECH_LEVEL = 0.35

export const cameraCheck = (state: DeviceState): CheckState =>
  state === 'on' ? 'ok' : state === 'starting' ? 'wait' : 'bad'

export function microphoneCheck(state: DeviceState, loudest: number): CheckState {
  if (state === 'starting') return 'wait'
  if (state !== 'on') return 'bad'
  return loudest >= SPEECH_LEVEL ? 'ok' : 'wait'
}

export type Heard = 'untried' | 'playing' | 'asking' | 'heard' | 'not-heard'

export const speakerCheck = (heard: Heard): CheckState =>
  heard === 'heard' ? 'ok' : heard === 'not-heard' ? 'bad' : 'wait'

export function lineCheck(link: LinkSnapshot | null): CheckState {
  if (link?.state === 'connected') return 'ok'
  return link === null || link.trouble === null ? 'wait' : 'bad'
}
