import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiProblem } from '@/shared/api/problem'
import { setLanguage } from '@/shared/i18n/texts'
import { renderInApp } from '@/shared/test/render'
import { serve } from '@/shared/test/serve'
import { ProblemNotice, problemSentence } from './problem-notice'

beforeEach(() => {
  serve({ 'POST /api/session/refresh': [401, null] })
})
afterEach(() => setLanguage('vi'))

describe('problemSentence', () => {
  it('says what no server said in the language of the page', () => {
    const problem = new ApiProblem('unavailable', 503, '', '')
    expect(problemSentence(problem, 'vi')).toMatch(/^Máy chủ đang bận/)
    expect(problemSentence(problem, 'en')).toMatch(/^The server is busy/)
  })

  it('passes on the server’s own words', () => {
    expect(problemSentence(new ApiProblem('brand-new', 409, 'T', 'Tệp hỏng.'), 'vi')).toBe('Tệp hỏng.')
    const wait = new ApiProblem('too-many-requests', 429, '', 'Xin đợi 12 giây rồi thử lại.')
    expect(problemSentence(wait, 'vi')).toBe('Xin đợi 12 giây rồi thử lại.')
  })

  it('always says something', () => {
    expect(problemSentence(new ApiProblem('brand-new', 409, '', ''), 'vi')).toMatch(/không nhận/)
    expect(problemSentence('boom', 'vi')).toMatch(/Máy chủ gặp lỗi/)
    expect(problemSentence(new TypeError('Failed to fetch'), 'vi')).toMatch(/Không có mạng/)
  })

  it('does not take a parent object’s name for a code', () => {
    expect(problemSentence(new ApiProblem('constructor', 400, '', 'Words.'), 'vi')).toBe('Words.')
  })
})

describe('ProblemNotice', () => {
  it('shows nothing when nothing is wrong', () => {
    renderInApp(<ProblemNotice problem={null} />)
    expect(screen.queryByRole('alert')).toBeNull()
  })

  it('offers to try again only when that can help, and follows the language', async () => {
    const again = vi.fn()
    const { rerender } = renderInApp(<ProblemNotice problem={new TypeError('x')} onRetry={again} />)
    expect(screen.getByRole('alert')).toHaveTextContent('Không có mạng')
    await userEvent.click(screen.getByRole('button', { name: 'Thử lại' }))
    expect(again).toHaveBeenCalledOnce()
    rerender(<span />)
    renderInApp(<ProblemNotice problem={new ApiProblem('forbidden', 403, '', '')} onRetry={again} />)
    expect(screen.queryByRole('button')).toBeNull()
    await setLanguage('en')
    expect(await screen.findByText('This account may not do that.')).toBeVisible()
  })
})
