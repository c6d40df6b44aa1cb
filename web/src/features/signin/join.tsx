import { useEffect, useRef, useState } from 'react'
import { useNavigate } from 'react-router'
import { useTexts } from '@/shared/i18n/texts'
import { useSessionActs } from '@/shared/session'
import { takeCodeFromAddress } from './enter'
import { CodeForm } from './forms'
import { texts } from './i18n'
import { Welcome } from './welcome'

/** `/join` or `/join#CODE`: a bridge comes in with the code of its invitation. */
export default function JoinScreen() {
  const t = useTexts(texts)
  const acts = useSessionActs()
  const navigate = useNavigate()
  const [code] = useState(takeCodeFromAddress)
  const form = useRef<HTMLDivElement>(null)

  useEffect(() => {
    // With the code in the address nobody has to press anything: the hall may be unattended.
    if (code) form.current?.querySelector('form')?.requestSubmit()
  }, [code])

  return (
    <Welcome title={t('join.title')}>
      <div ref={form}>
        <CodeForm
          label={t('join.code')}
          hint={t('join.hint')}
          submitLabel={t('join.enter')}
          enter={acts.join}
          first={code}
          onEntered={() => void navigate('/', { replace: true })}
        />
      </div>
    </Welcome>
  )
}
