import { Button } from '@mantine/core'
import { IconAlertTriangle, IconRefresh } from '@tabler/icons-react'
import i18next from 'i18next'
import { asProblem, isPassing } from '@/shared/api/problem'
import { common } from '@/shared/i18n/common'
import { useLanguage, useTexts } from '@/shared/i18n/texts'
import type { Language } from '@/shared/preferences'
import styles from './problem-notice.module.css'
import { problems } from './problem-texts'

/** The sentence for whatever was thrown: the server's own words, else ours by code, else the general one. */
export function problemSentence(error: unknown, lng: Language): string {
  const problem = asProblem(error)
  const answered = problem.status > 0 // else `detail` is the browser's English
  if (answered && problem.detail) return problem.detail
  const key = `${problems.namespace}:${problem.code}`
  if (i18next.exists(key, { lng })) return i18next.t(key, { lng })
  const general = !answered || problem.status >= 500 ? 'internal' : 'refused'
  return (answered && problem.title) || i18next.t(`${problems.namespace}:${general}`, { lng })
}

export function useProblemSentence(): (error: unknown) => string {
  const lng = useLanguage()
  return error => problemSentence(error, lng)
}

interface ProblemNoticeProps {
  /** What was thrown; nothing is shown for null and undefined. */
  problem: unknown
  /** Shown as a button when trying again can help. */
  onRetry?: (() => void) | undefined
}

/** A refusal as a sentence, in its place on the page; read out at once by a screen reader. */
export function ProblemNotice({ problem, onRetry }: ProblemNoticeProps) {
  const t = useTexts(common)
  const sentence = useProblemSentence()
  if (problem === null || problem === undefined) return null
  return (
    <div role="alert" className={styles.notice}>
      <IconAlertTriangle size={24} aria-hidden className={styles.glyph} />
      <p className={styles.sentence}>{sentence(problem)}</p>
      {onRetry && isPassing(asProblem(problem)) && (
        <Button variant="default" leftSection={<IconRefresh size={20} aria-hidden />} onClick={onRetry}>
          {t('retry')}
        </Button>
      )}
    </div>
  )
}
