// Every address of the app, and who may open it. A feature's code is fetched when its address is first opened.
import { type ComponentType, createElement } from 'react'
import { createBrowserRouter, type LazyRouteFunction, type RouteObject } from 'react-router'
import { PageSkeleton } from '@/shared/ui/skeletons'
import { Crash } from './crash'
import { Frame } from './frame'
import { NotFound } from './not-found'
import { Shell } from './shell'
import { SignedIn } from './signed-in'

type Screen = { default: ComponentType }

const screen =
  (fetched: () => Promise<Screen>): LazyRouteFunction<RouteObject> =>
  async () => ({ Component: (await fetched()).default })

/** Ordinary pages: the frame's top bar and account menu. */
const framed: RouteObject[] = [
  { path: '/', lazy: screen(() => import('@/features/meetings/screen')) },
  { path: '/meetings/new', lazy: screen(() => import('@/features/meetings/new-meeting')) },
  { path: '/meetings/:id/prepare', lazy: screen(() => import('@/features/prepare/screen')) },
  { path: '/meetings/:id/minutes', lazy: screen(() => import('@/features/minutes/screen')) },
  { path: '/admin', lazy: screen(() => import('@/features/admin/screen')) },
]

/** Pages that own the whole screen and bring their own TopBar. */
const whole: RouteObject[] = [
  { path: '/meetings/:id', lazy: screen(() => import('./room-route')) },
  { path: '/meetings/:id/projector', lazy: screen(() => import('@/features/projector/screen')) },
  { path: '/meetings/:id/desk', lazy: screen(() => import('@/features/conference/screen')) },
  { path: '/meetings/:id/bridge', lazy: screen(() => import('@/features/bridge/screen')) },
]

const open: RouteObject[] = [
  { path: '/signin', lazy: screen(() => import('@/features/signin/screen')) },
  { path: '/link', lazy: screen(() => import('@/features/signin/link')) },
  { path: '/join', lazy: screen(() => import('@/features/signin/join')) },
  {
    Component: Frame,
    children: [{ path: '/verify', lazy: screen(() => import('@/features/verify/screen')) }],
  },
  { path: '*', Component: NotFound },
]

export const router = createBrowserRouter([
  {
    Component: Shell,
    ErrorBoundary: Crash,
    HydrateFallback: PageSkeleton,
    children: [
      { Component: SignedIn, children: [{ Component: Frame, children: framed }, ...whole] },
      ...open,
    ].map(route => ({ ...route, errorElement: createElement(Crash) })),
  },
])
