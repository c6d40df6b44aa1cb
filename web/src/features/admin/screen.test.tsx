import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import { expect, it } from 'vitest'
import { renderInApp, WhenSignedIn } from '@/shared/test/render'
import { PROFILE, SIGNED_IN, serve } from '@/shared/test/serve'
import AdminScreen from './screen'

const ADMIN = {
  ...PROFILE,
  office_roles: ['administrator'],
  office_rights: ['keep_accounts', 'see_directory'],
}
const person = {
  id: 'p1',
  username: 'hoa',
  name: 'Nguyễn Thị Hoa',
  position: 'Phó Bí thư',
  office_roles: ['member'],
  active: true,
}
const bridge = (n: number) => ({
  id: `b${n}`,
  code: `X0${n}`,
  name: `Xã ${n}`,
  parent: '',
  phone: '',
  capacity: null,
  active: true,
})
const code = (n: number) => ({
  code: `CODE-${n}`,
  url: `http://x.test/join#CODE-${n}`,
  expires_at: '2026-12-01T00:00:00Z',
})

const open = () =>
  renderInApp(
    <WhenSignedIn>
      <AdminScreen />
    </WhenSignedIn>,
  )

it('adds a person only when the form is whole, with what was typed', async () => {
  const { asked } = serve({
    ...SIGNED_IN,
    'GET /api/me': [200, ADMIN],
    'GET /api/people': [200, { items: [person] }],
    'POST /api/people': [201, person],
  })
  open()
  fireEvent.click(await screen.findByRole('button', { name: 'Thêm người' }))
  const form = within(await screen.findByRole('dialog'))
  fireEvent.click(form.getByRole('button', { name: 'Lưu' }))
  expect(await form.findByText('Ô này không được để trống.')).toBeVisible()
  expect(asked.some(one => one.what === 'POST /api/people')).toBe(false)
  fireEvent.change(form.getByLabelText(/Họ và tên/), { target: { value: 'Lý Thường Kiệt' } })
  fireEvent.change(form.getByLabelText(/Tên đăng nhập/), { target: { value: 'kiet.ly' } })
  fireEvent.click(form.getByRole('button', { name: 'Lưu' }))
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  expect(asked.find(one => one.what === 'POST /api/people')?.body).toEqual({
    name: 'Lý Thường Kiệt',
    position: '',
    username: 'kiet.ly',
    office_roles: ['member'],
  })
})

it('makes codes for the chosen bridges, stops at a refusal and keeps what was made', async () => {
  const answers = {
    ...SIGNED_IN,
    'GET /api/me': [200, ADMIN],
    'GET /api/people': [200, { items: [person] }],
    'GET /api/bridges': [200, { items: [bridge(1), bridge(2), bridge(3)] }],
    'POST /api/bridges/b1/join-code': [201, code(1)],
    'POST /api/bridges/b2/join-code': [429, { code: 'too-many-requests' }],
  } as const
  const { now, asked } = serve(answers)
  open()
  fireEvent.click(await screen.findByRole('tab', { name: 'Điểm cầu' }))
  fireEvent.click(await screen.findByRole('checkbox', { name: 'Chọn Xã 1' }))
  fireEvent.click(screen.getByRole('checkbox', { name: 'Chọn Xã 2' }))
  fireEvent.click(screen.getByRole('button', { name: 'Tạo mã và in phiếu' }))
  fireEvent.click(await screen.findByRole('button', { name: 'Tạo mã mới' }))
  expect(await screen.findByText(/Dừng ở Xã 2/)).toBeVisible()
  expect(screen.getByTestId('sheets')).toHaveTextContent('CODE-1')
  now({ ...answers, 'POST /api/bridges/b2/join-code': [201, code(2)] })
  fireEvent.click(screen.getByRole('button', { name: 'Thử lại' }))
  await waitFor(() => expect(screen.getByTestId('sheets')).toHaveTextContent('CODE-2'))
  const made = asked.filter(one => one.what.endsWith('join-code')).map(one => one.what)
  expect(made.filter(what => what.includes('b1'))).toHaveLength(1)
  expect(made.some(what => what.includes('b3'))).toBe(false)
})
