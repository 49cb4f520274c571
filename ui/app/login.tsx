// The login: begins a session, and goes on with the page that was asked for.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { ask, isLoginNeeded } from '../lib/api.ts'
import { Button } from '../parts/button.tsx'
import { Field } from '../parts/field.tsx'
import './login.css'

export function LoginPage(): JSX.Element {
  const [user, setUser] = useState('')
  const [password, setPassword] = useState('')
  const [problem, setProblem] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const submit = (event: Event): void => {
    event.preventDefault()
    setBusy(true)
    setProblem(undefined)
    ask('POST', '/v1/session', { user, password }).then(
      () => (isLoginNeeded.value = false),
      (error: unknown) => {
        setBusy(false)
        setProblem(error instanceof Error ? error.message : String(error))
      },
    )
  }
  return (
    <main class="login">
      <form class="login-form" onSubmit={submit}>
        <h1>Pabal</h1>
        <Field label="User">
          <input
            name="user"
            autocomplete="username"
            value={user}
            onInput={({ currentTarget }) => setUser(currentTarget.value)}
          />
        </Field>
        <Field label="Password" problem={problem}>
          <input
            name="password"
            type="password"
            autocomplete="current-password"
            value={password}
            onInput={({ currentTarget }) => setPassword(currentTarget.value)}
          />
        </Field>
        <Button type="submit" kind="primary" isBusy={isBusy}>
          Log in
        </Button>
      </form>
    </main>
  )
}
