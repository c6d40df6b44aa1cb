import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { Route, Routes } from 'react-router'
import { expect, it } from 'vitest'
import { renderInApp, WhenSignedIn } from '@/shared/test/render'
import { SIGNED_IN, serve } from '@/shared/test/serve'
import NewMeetingScreen from './new-meeting'

function Pages() {
  return (
    <WhenSignedIn>
      <Routes>
        <Route path="/meetings/new" element={<NewMeetingScreen />} />
        <Route path="/meetings/:id/prepare" element={<p>prepare</p>} />
      </Routes>
    </WhenSignedIn>
  )
}

it('makes one meeting, in the organisation’s zone, and goes on to prepare it', async () => {
  const server = serve({ ...SIGNED_IN, 'POST /api/meetings': [503, null] })
  renderInApp(<Pages />, '/meetings/new')
  await userEvent.type(await screen.findByLabelText('Tên cuộc họp'), 'Họp Ban Thường vụ')
  await userEvent.type(screen.getByLabelText('Bắt đầu: Ngày'), '12/03/2026')
  const [hours, minutes] = screen.getAllByLabelText('Bắt đầu: Giờ')
  if (!hours || !minutes) throw new Error('no time fields')
  await userEvent.type(hours, '14')
  await userEvent.type(minutes, '05')
  await userEvent.click(screen.getByRole('button', { name: 'Tạo và chuẩn bị' }))
  expect(await screen.findByRole('alert')).toHaveTextContent('Máy chủ đang bận')

  server.now({ ...SIGNED_IN, 'POST /api/meetings': [201, { seq: 1, at: '2026-01-01T00:00:00Z', id: 'm1' }] })
  await userEvent.click(screen.getByRole('button', { name: 'Tạo và chuẩn bị' }))
  expect(await screen.findByText('prepare')).toBeVisible()

  const posts = server.asked.filter(asked => asked.what === 'POST /api/meetings')
  expect(posts.at(-1)?.body).toMatchObject({
    title: 'Họp Ban Thường vụ',
    kind: 'meeting',
    body_name: 'Tỉnh uỷ',
    starts_at: '2026-03-12T07:05:00.000Z',
  })
  const keys = new Set(posts.map(asked => asked.headers.get('Idempotency-Key')))
  expect(keys.size, 'both tries carry one key').toBe(1)
  expect([...keys][0]).toMatch(/^[0-9a-f-]{36}$/)
})

it('asks for the start before it asks the server', async () => {
  const server = serve(SIGNED_IN)
  renderInApp(<Pages />, '/meetings/new')
  await userEvent.type(await screen.findByLabelText('Tên cuộc họp'), 'Họp')
  await userEvent.click(screen.getByRole('button', { name: 'Tạo và chuẩn bị' }))
  expect(await screen.findByText('Chọn ngày và giờ bắt đầu.')).toBeVisible()
  expect(server.asked.some(asked => asked.what === 'POST /api/meetings')).toBe(false)
})
