import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { useTexts } from '@/shared/i18n/texts'
import { useSessionActs } from '@/shared/session'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { TextSkeleton } from '@/shared/ui/skeletons'
import { takeCodeFromAddress } from './enter'
import { texts } from './i18n'
import { Welcome } from './welcome'

/** `/link#CODE`: a one-time sign-in link. The code is spent by one request, so it is sent once and only by script. */
export default function LinkScreen() {
  const t = useTexts(texts)
  const acts = useSessionActs()
  const navigate = useNavigate()
  const [code] = useState(takeCodeFromAddress)
  const sent = useRef(false)
  const { mutate, error } = useMutation({
    mutationFn: () => acts.signInWithLink(code),
    onSuccess: () => navigate('/', { replace: true }),
  })

  useEffect(() => {
    if (!code || sent.current) return
    sent.current = true
    mutate()
  }, [code, mutate])

  const waiting = code !== '' && error === null
  return (
    <Welcome title={waiting ? t('link.working') : code ? t('title') : t('link.none')}>
      {waiting ? <TextSkeleton lines={2} /> : code === '' && <p>{t('link.noneHint')}</p>}
      <ProblemNotice problem={error} onRetry={() => mutate()} />
      {!waiting && (
        <Button component={Link} to="/signin" state={{ way: 'code' }} size="lg">
          {t('link.byHand')}
        </Button>
      )}
    </Welcome>
  )
}
