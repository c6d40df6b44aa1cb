import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { asProblem, isPassing } from '@/shared/api/problem'
import { SCHEME_KEY } from '@/shared/preferences'
import { SessionProvider } from '@/shared/session'
import { cssVariablesResolver, theme } from '@/shared/ui/theme'

const schemes = localStorageColorSchemeManager({ key: SCHEME_KEY })

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Without a line we show what we have and say so, rather than wait in silence.
      networkMode: 'always',
      retry: (failures, error) => failures < 2 && isPassing(asProblem(error)),
      staleTime: 10_000,
    },
    mutations: { networkMode: 'always', retry: false },
  },
})

export function Providers({ children }: { children: ReactNode }) {
  return (
    <MantineProvider
      theme={theme}
      colorSchemeManager={schemes}
      defaultColorScheme="auto"
      cssVariablesResolver={cssVariablesResolver}
    >
      <QueryClientProvider client={queries}>
        <SessionProvider>{children}</SessionProvider>
      </QueryClientProvider>
      <Notifications position="top-center" autoClose={6000} limit={3} />
    </MantineProvider>
  )
}
