// Renders a component as the app would: theme, texts, queries, session. For tests only.
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { type RenderResult, render } from '@testing-library/react'
import type { ReactElement, ReactNode } from 'react'
import { MemoryRouter } from 'react-router'
import { SessionProvider, useSession } from '@/shared/session'
import { theme } from '@/shared/ui/theme'

export function renderInApp(element: ReactElement, at = '/'): RenderResult {
  const queries = new QueryClient({
    defaultOptions: { queries: { retry: false }, mutations: { retry: false } },
  })
  return render(
    <MantineProvider theme={theme} env="test">
      <QueryClientProvider client={queries}>
        <SessionProvider>
          <MemoryRouter initialEntries={[at]}>{element}</MemoryRouter>
        </SessionProvider>
      </QueryClientProvider>
    </MantineProvider>,
  )
}

/** Shows its children once somebody is signed in (answer with `SIGNED_IN` of serve.ts), as the door of the app does. */
export function WhenSignedIn({ children }: { children: ReactNode }) {
  return useSession().status === 'signed-in' ? children : null
}
