// The one entry: styles in their order, then the app.
import '@/shared/ui/fonts.css'
import '@/shared/ui/mantine.css'
import '@/shared/ui/tokens.css'
import '@/shared/ui/base.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { RouterProvider } from 'react-router/dom'
import { Providers } from './providers'
import { router } from './router'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')

createRoot(root).render(
  <StrictMode>
    <Providers>
      <RouterProvider router={router} />
    </Providers>
  </StrictMode>,
)
