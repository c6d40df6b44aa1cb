import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core'
import { DatesProvider } from '@mantine/dates'
import { Notifications } from '@mantine/notifications'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import 'dayjs/locale/vi'
import type { ReactNode } from 'react'
import { asProblem, isPassing } from '@/shared/api/problem'
import { useLanguage } from '@/shared/i18n/texts'
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
        <DatesProvider settings={{ locale: useLanguage(), firstDayOfWeek: 1 }}>
          <SessionProvider>{children}</SessionProvider>
        </DatesProvider>
      </QueryClientProvider>
      <Notifications position="top-center" autoClose={6000} limit={3} />
    </MantineProvider>
  )
}
