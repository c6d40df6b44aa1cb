import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, it, vi } from 'vitest'
import { accessToken, setAccessToken } from './api/access'
import { forgetAll, recall, remember } from './device-memory'
import { useFormat, useSession, useSessionActs } from './session'
import { renderInApp } from './test/render'
import { PROFILE, serve } from './test/serve'

function Probe() {
  const session = useSession()
  const acts = useSessionActs()
  const format = useFormat()
  return (
    <>
      <output>{session.status === 'signed-in' ? session.me.name : session.status}</output>
      {session.status === 'signed-in' && session.fromDevice && <em>from device</em>}
      <time>{format.time('2026-03-12T07:05:00Z')}</time>
      <button type="button" onClick={() => void acts.signInWithPassword('hoa', 'secret')}>
        in
      </button>
      <button type="button" onClick={() => void acts.signOut()}>
        out
      </button>
      {session.status === 'unknown' && (
        <button type="button" onClick={session.retry}>
          again
        </button>
      )}
    </>
  )
}

beforeEach(async () => {
  setAccessToken(null)
  await forgetAll()
})

it('comes back by the cookie', async () => {
  serve({ 'POST /api/session/refresh': [200, { access_token: 't' }], 'GET /api/me': [200, PROFILE] })
  renderInApp(<Probe />)
  expect(await screen.findByText('Nguyễn Thị Hoa')).toBeVisible()
})

it('is signed out without a cookie, then signs in and out', async () => {
  const { asked } = serve({
    'POST /api/session/refresh': [401, { code: 'not-signed-in' }],
    'POST /api/session': [200, { access_token: 't', expires_at: '2026-03-12T07:15:00Z', me: PROFILE }],
    'DELETE /api/session': [204, null],
  })
  renderInApp(<Probe />)
  expect(await screen.findByText('signed-out')).toBeVisible()
  await userEvent.click(screen.getByText('in'))
  expect(await screen.findByText('Nguyễn Thị Hoa')).toBeVisible()
  expect(asked.at(-1)?.body).toEqual({ username: 'hoa', password: 'secret' })
  await userEvent.click(screen.getByText('out'))
  expect(await screen.findByText('signed-out')).toBeVisible()
  expect(accessToken()).toBeNull()
})

it('keeps no token where scripts of another page could read it', async () => {
  serve({
    'POST /api/session/refresh': [200, { access_token: 'very-secret' }],
    'GET /api/me': [200, PROFILE],
  })
  renderInApp(<Probe />)
  await screen.findByText('Nguyễn Thị Hoa')
  expect(JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])).not.toContain(
    'very-secret',
  )
})

it('says that it does not know while the server is away, and asks again', async () => {
  const answers = serve({ 'POST /api/session/refresh': [503, null] })
  renderInApp(<Probe />)
  expect(await screen.findByText('unknown')).toBeVisible()
  answers.now({ 'POST /api/session/refresh': [200, { access_token: 't' }], 'GET /api/me': [200, PROFILE] })
  await userEvent.click(screen.getByText('again'))
  expect(await screen.findByText('Nguyễn Thị Hoa')).toBeVisible()
})

it('shows times in the zone of the organisation', async () => {
  const elsewhere = { ...PROFILE, organisation: { ...PROFILE.organisation, zone: 'Asia/Tokyo' } }
  serve({ 'POST /api/session/refresh': [200, { access_token: 't' }], 'GET /api/me': [200, elsewhere] })
  renderInApp(<Probe />)
  expect(screen.getByText('14:05')).toBeVisible()
  expect(await screen.findByText('16:05')).toBeVisible()
  vi.unstubAllGlobals()
})

it('comes back by itself when the line does', async () => {
  const server = serve({})
  renderInApp(<Probe />)
  expect(await screen.findByText('unknown')).toBeVisible()
  server.now({ 'POST /api/session/refresh': [200, { access_token: 't' }], 'GET /api/me': [200, PROFILE] })
  window.dispatchEvent(new Event('online'))
  expect(await screen.findByText('Nguyễn Thị Hoa')).toBeVisible()
})

it('starts without a line as the device remembers, and becomes live when the line is back', async () => {
  await remember('me', PROFILE)
  const server = serve({})
  renderInApp(<Probe />)
  expect(await screen.findByText('from device')).toBeVisible()
  expect(screen.getByText('Nguyễn Thị Hoa')).toBeVisible()
  server.now({ 'POST /api/session/refresh': [200, { access_token: 't' }], 'GET /api/me': [200, PROFILE] })
  window.dispatchEvent(new Event('online'))
  await waitFor(() => expect(screen.queryByText('from device')).toBeNull())
  expect(screen.getByText('Nguyễn Thị Hoa')).toBeVisible()
})

it('forgets when the server says that the session has ended', async () => {
  await remember('me', PROFILE)
  serve({ 'POST /api/session/refresh': [401, { code: 'not-signed-in' }] })
  renderInApp(<Probe />)
  expect(await screen.findByText('signed-out')).toBeVisible()
  await waitFor(async () => expect(await recall('me')).toBeNull())
})
