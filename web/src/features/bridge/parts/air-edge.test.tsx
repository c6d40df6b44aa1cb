import { screen } from '@testing-library/react'
import { expect, it } from 'vitest'
import { renderInApp } from '@/shared/test/render'
import { AirEdge } from './air-edge'

it.each([
  ['on-air', true, 'Mọi điểm cầu đang thấy và nghe quý vị'],
  ['on-air', false, 'Mọi điểm cầu chỉ nghe quý vị: camera ở đây đang tắt'],
  ['stand-by', true, 'Đạo diễn đang thấy và nghe quý vị'],
  ['stand-by', false, 'Đạo diễn chỉ nghe quý vị: camera ở đây đang tắt'],
] as const)('%s with the camera %s: who sees and who hears', (air, camera, words) => {
  renderInApp(<AirEdge air={air} connected camera={camera} />)
  expect(screen.getByTestId('air-sign')).toHaveTextContent(words)
})
