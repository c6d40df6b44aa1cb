import { SegmentedControl } from '@mantine/core'
import { useState } from 'react'
import { Navigate, useLocation, useNavigate } from 'react-router'
import { useTexts } from '@/shared/i18n/texts'
import { useSession, useSessionActs } from '@/shared/session'
import { enterWithAnyCode, wantedPlace, wantedWay } from './enter'
import { CodeForm, PasswordForm } from './forms'
import { texts } from './i18n'
import { Welcome } from './welcome'

/** Code or password, nothing else. */
export default function SignInScreen() {
  const t = useTexts(texts)
  const session = useSession()
  const acts = useSessionActs()
  const navigate = useNavigate()
  const { state } = useLocation()
  const place = wantedPlace(state)
  const [way, setWay] = useState<string>(wantedWay(state))
  const onEntered = () => void navigate(place, { replace: true })

  if (session.status === 'signed-in') return <Navigate to={place} replace />
  return (
    <Welcome title={t('title')}>
      <SegmentedControl
        fullWidth
        aria-label={t('way')}
        value={way}
        onChange={setWay}
        data={[
          { value: 'password', label: t('withPassword') },
          { value: 'code', label: t('withCode') },
        ]}
      />
      {way === 'password' ? (
        <PasswordForm onEntered={onEntered} />
      ) : (
        <CodeForm
          label={t('code')}
          hint={t('codeHint')}
          submitLabel={t('enter')}
          enter={code => enterWithAnyCode(acts, code)}
          onEntered={onEntered}
        />
      )}
    </Welcome>
  )
}
