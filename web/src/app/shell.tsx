// Round every page: the line's state, the update prompt, the scroll position.
import { Outlet, ScrollRestoration } from 'react-router'
import { OfflineBanner } from './offline-banner'
import { UpdatePrompt } from './update-prompt'

export function Shell() {
  return (
    <>
      <OfflineBanner />
      <Outlet />
      <UpdatePrompt />
      <ScrollRestoration />
    </>
  )
}
