import { screen } from '@testing-library/react'
import { expect, it } from 'vitest'
import { renderInApp } from '@/shared/test/render'
import { roomOf } from '@/shared/test/room'
import { Programme } from './programme'

const room = roomOf('commune_bridge', {}, { on_air_bridge_id: 'centre' })
const quiet = { room, viewer: null, now: null, cameraOff: false, own: false, speakerId: null } as const

it.each([
  ['its own line', { health: 'audio-only' }, 'Đường truyền ở đây yếu: tạm thời chỉ còn tiếng.'],
  [
    'the camera on air',
    { health: 'good', cameraOff: true },
    'Điểm đang lên sóng không bật camera, chỉ có tiếng.',
  ],
  [
    'the camera on air, though its own line is weak too',
    { health: 'audio-only', cameraOff: true },
    'Điểm đang lên sóng không bật camera, chỉ có tiếng.',
  ],
  ['nobody it knows of', { health: 'no-signal' }, 'Chưa nhận được hình từ điểm đang lên sóng.'],
] as const)('a hall without a picture blames %s', (_, told, words) => {
  renderInApp(<Programme {...quiet} {...told} />)
  expect(screen.getByRole('status')).toHaveTextContent(words)
})

it.each(['good', 'weak', 'reduced'] as const)('nothing is written over a picture that is %s', health => {
  renderInApp(<Programme {...quiet} health={health} />)
  expect(screen.queryByRole('status')).toBeNull()
})

it.each([
  ['audio-only', null],
  ['reconnecting', 'Mất kết nối. Máy đang tự nối lại, xin giữ nguyên màn hình.'],
] as const)('on air itself with its camera off it leaves that to the sign above: %s', (health, words) => {
  renderInApp(<Programme {...quiet} health={health} own />)
  expect(screen.queryByRole('status')?.textContent ?? null).toBe(words)
})
