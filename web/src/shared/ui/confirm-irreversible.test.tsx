import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it, vi } from 'vitest'
import { renderInApp } from '@/shared/test/render'
import { serve } from '@/shared/test/serve'
import { ConfirmIrreversible } from './confirm-irreversible'

it('names the consequence and acts only on its own verb', async () => {
  serve({ 'POST /api/session/refresh': [401, null] })
  const confirm = vi.fn()
  const cancel = vi.fn()
  renderInApp(
    <ConfirmIrreversible
      opened
      title="Bế mạc cuộc họp?"
      consequence="Không ai phát biểu được nữa."
      confirmLabel="Bế mạc"
      onConfirm={confirm}
      onCancel={cancel}
    />,
  )
  expect(await screen.findByText('Không ai phát biểu được nữa.')).toBeVisible()
  await userEvent.keyboard('{Escape}')
  expect(cancel).toHaveBeenCalledOnce()
  expect(confirm).not.toHaveBeenCalled()
  await userEvent.click(screen.getByRole('button', { name: 'Bế mạc' }))
  expect(confirm).toHaveBeenCalledOnce()
})
