import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { Route, Routes } from 'react-router'
import { beforeEach, describe, expect, it } from 'vitest'
import { setAccessToken } from '@/shared/api/access'
import { renderInApp } from '@/shared/test/render'
import { PROFILE, serve } from '@/shared/test/serve'
import { wantedPlace } from './enter'
import JoinScreen from './join'
import LinkScreen from './link'
import SignInScreen from './screen'

const OUT = { 'POST /api/session/refresh': [401, { code: 'not-signed-in' }] } as const
const SESSION = [200, { access_token: 't', expires_at: '2026-03-12T07:15:00Z', me: PROFILE }] as const

function Pages() {
  return (
    <Routes>
      <Route path="/signin" element={<SignInScreen />} />
      <Route path="/link" element={<LinkScreen />} />
      <Route path="/join" element={<JoinScreen />} />
      <Route path="/" element={<p>inside</p>} />
    </Routes>
  )
}

beforeEach(() => {
  setAccessToken(null)
  history.replaceState(null, '', '/')
})

describe('sign-in', () => {
  it('says that name or password is wrong, forgets the password, and lets the right one in', async () => {
    const server = serve({
      ...OUT,
      'POST /api/session': [
        401,
        { code: 'wrong-credentials', detail: 'Tên đăng nhập hoặc mật khẩu không đúng.' },
      ],
    })
    renderInApp(<Pages />, '/signin')
    await userEvent.type(await screen.findByLabelText('Tên đăng nhập'), ' hoa ')
    await userEvent.type(screen.getByLabelText('Mật khẩu', { selector: 'input[name=password]' }), 'sai')
    await userEvent.click(screen.getByRole('button', { name: 'Vào' }))
    expect(await screen.findByRole('alert')).toHaveTextContent('Tên đăng nhập hoặc mật khẩu không đúng.')
    expect(screen.getByLabelText('Mật khẩu', { selector: 'input[name=password]' })).toHaveValue('')

    server.now({ ...OUT, 'POST /api/session': SESSION })
    await userEvent.type(
      screen.getByLabelText('Mật khẩu', { selector: 'input[name=password]' }),
      'đúng{Enter}',
    )
    expect(await screen.findByText('inside')).toBeVisible()
    expect(server.asked.at(-1)?.body).toEqual({ username: 'hoa', password: 'đúng' })
  })

  it('takes a bridge’s code where a person’s code is asked for', async () => {
    const server = serve({
      ...OUT,
      'POST /api/session/link': [404, { code: 'link-unknown' }],
      'POST /api/session/bridge': SESSION,
    })
    renderInApp(<Pages />, '/signin')
    await userEvent.click(await screen.findByText('Mã'))
    await userEvent.type(screen.getByLabelText('Mã đăng nhập hoặc mã điểm cầu'), 'ABCD{Enter}')
    expect(await screen.findByText('inside')).toBeVisible()
    expect(server.asked.at(-1)).toMatchObject({ what: 'POST /api/session/bridge', body: { code: 'ABCD' } })
  })
})

describe('/link#CODE', () => {
  it('spends the code once and takes it out of the address', async () => {
    history.replaceState(null, '', '/link#one%2Dtime')
    const server = serve({ ...OUT, 'POST /api/session/link': SESSION })
    renderInApp(<Pages />, '/link')
    expect(await screen.findByText('inside')).toBeVisible()
    expect(location.hash).toBe('')
    const spent = server.asked.filter(asked => asked.what === 'POST /api/session/link')
    expect(spent.map(asked => asked.body)).toEqual([{ code: 'one-time' }])
  })

  it('says that the code is spent and shows another way', async () => {
    history.replaceState(null, '', '/link#old')
    serve({
      ...OUT,
      'POST /api/session/link': [409, { code: 'link-expired', detail: 'Mã này đã dùng hoặc đã hết hạn.' }],
    })
    renderInApp(<Pages />, '/link')
    expect(await screen.findByRole('alert')).toHaveTextContent('Mã này đã dùng hoặc đã hết hạn.')
    expect(screen.getByRole('link', { name: 'Nhập mã bằng tay' })).toHaveAttribute('href', '/signin')
  })

  it('says that there is no code', async () => {
    const server = serve(OUT)
    renderInApp(<Pages />, '/link')
    expect(await screen.findByRole('heading')).toHaveTextContent('Đường dẫn thiếu mã đăng nhập')
    expect(server.asked.some(asked => asked.what.includes('link'))).toBe(false)
  })
})

it('/join#CODE lets an unattended bridge in without a press', async () => {
  history.replaceState(null, '', '/join#HALL-7')
  const server = serve({ ...OUT, 'POST /api/session/bridge': SESSION })
  renderInApp(<Pages />, '/join')
  expect(await screen.findByText('inside')).toBeVisible()
  await waitFor(() => expect(server.asked.at(-1)?.body).toEqual({ code: 'HALL-7' }))
})

it('goes back only to places of ours', () => {
  expect(wantedPlace({ from: '/meetings/1' })).toBe('/meetings/1')
  expect(wantedPlace({ from: '//evil.invalid' })).toBe('/')
  expect(wantedPlace({ from: 'https://evil.invalid' })).toBe('/')
  expect(wantedPlace(null)).toBe('/')
})
