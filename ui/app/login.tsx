// The login: begins a session, and goes on with the page that was asked for.
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { ask, hasLoggedIn, isLoginNeeded, Problem, setToken } from '../lib/api.ts'
import { useRun } from '../lib/use-run.ts'
import { Button } from '../parts/button.tsx'
import { Field } from '../parts/field.tsx'
import { Mark } from './mark.tsx'
import './login.css'

interface LoggedIn {
  readonly user: string
  readonly tags: readonly string[]
}

const pageTags: ReadonlySet<string> = new Set([
  'administrator',
  'monitoring',
  'policymaker',
  'management',
])

export function LoginPage(): JSX.Element {
  const [isByToken, setByToken] = useState(false)
  const guest = useGuest()
  useEffect(() => {
    document.title = 'Log in · Pabal'
  }, [])
  return (
    <main class="login">
      <div class="login-card">
        <header class="login-head">
          <Mark />
          <h1>Pabal</h1>
          <p class="soft login-host">{location.host}</p>
        </header>
        {hasLoggedIn.value && (
          <p class="login-ended" role="status">
            You are logged out, or your session ended. After the login you are back on this page.
          </p>
        )}
        {isByToken ? <TokenForm /> : <PasswordForm />}
        <p class="login-other">
          <Button kind="quiet" onClick={() => setByToken(!isByToken)}>
            {isByToken ? 'Log in with a password' : 'Log in with a token'}
          </Button>
          {guest !== undefined && (
            <Button kind="quiet" onClick={() => (isLoginNeeded.value = false)}>
              Go on as {guest}
            </Button>
          )}
        </p>
      </div>
    </main>
  )
}

/** Who one is without a login: on the broker's own machine that may be guest. */
function useGuest(): string | undefined {
  const [name, setName] = useState<string>()
  useEffect(() => {
    ask<{ readonly name: string }>('GET', '/whoami').then(
      (me) => setName(me.name),
      () => undefined,
    )
  }, [])
  return name
}

function PasswordForm(): JSX.Element {
  const [user, setUser] = useState('')
  const [password, setPassword] = useState('')
  const { isBusy, problem, run } = useLogin(user)
  const name = useRef<HTMLInputElement>(null)
  useEffect(() => name.current?.focus(), [])
  const submit = (event: Event): void => {
    event.preventDefault()
    run(() => ask<LoggedIn>('POST', '/v1/session', { user, password }))
  }
  return (
    <form class="login-form" onSubmit={submit}>
      <Field label="User">
        <input
          ref={name}
          name="user"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          required
          value={user}
          onInput={({ currentTarget }) => setUser(currentTarget.value)}
        />
      </Field>
      <Field label="Password">
        <input
          name="password"
          type="password"
          autocomplete="current-password"
          value={password}
          onInput={({ currentTarget }) => setPassword(currentTarget.value)}
        />
      </Field>
      <Refused problem={problem} />
      <Button type="submit" kind="primary" isBusy={isBusy}>
        {isBusy ? 'Logging in …' : 'Log in'}
      </Button>
    </form>
  )
}

/** A token needs no session: it goes along with each request, for as long as the page stands. */
function TokenForm(): JSX.Element {
  const [token, setText] = useState('')
  const { isBusy, problem, run } = useLogin('')
  const submit = (event: Event): void => {
    event.preventDefault()
    run(async () => {
      setToken(token.trim())
      try {
        const { name, tags } = await ask<{ name: string; tags: string[] }>('GET', '/whoami')
        return { user: name, tags }
      } catch (error) {
        setToken(undefined)
        throw error
      }
    })
  }
  return (
    <form class="login-form" onSubmit={submit}>
      <Field
        label="Token of your issuer (OAuth 2)"
        hint="It is kept until this page is loaded again, and nowhere else."
      >
        <textarea
          name="token"
          rows={4}
          spellcheck={false}
          required
          value={token}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </Field>
      <Refused problem={problem} />
      <Button type="submit" kind="primary" isBusy={isBusy}>
        {isBusy ? 'Logging in …' : 'Log in'}
      </Button>
    </form>
  )
}

interface Login {
  readonly isBusy: boolean
  readonly problem: ComponentChildren
  readonly run: (login: () => Promise<LoggedIn>) => void
}

function useLogin(user: string): Login {
  const { isBusy, start } = useRun()
  const [problem, setProblem] = useState<ComponentChildren>()
  const run = (login: () => Promise<LoggedIn>): void => {
    const startedAt = performance.now()
    setProblem(undefined)
    start(() =>
      login().then(
        (me) => {
          if (me.tags.some((tag) => pageTags.has(tag))) isLoginNeeded.value = false
          else setProblem(noTag(me.user))
        },
        (error: unknown) => setProblem(whyNot(error, user, performance.now() - startedAt)),
      ),
    )
  }
  return { isBusy, problem, run }
}

function noTag(user: string): JSX.Element {
  void ask('DELETE', '/v1/session').catch(() => undefined)
  return (
    <>
      <b>{user}</b> may publish and read, and sees none of these pages: it has no tag. An
      administrator gives it one: <code>pabal user tags {user} monitoring</code>
    </>
  )
}

/** Wrong logins of an address are answered more and more slowly. */
const slowMs = 1500

function whyNot(error: unknown, user: string, tookMs: number): ComponentChildren {
  if (!(error instanceof Problem)) return String(error)
  if (error.status === 429 || error.status === 503) {
    return `The broker takes no more logins just now. Try again in a moment.`
  }
  if (error.status !== 401) return error.message
  const slow =
    tookMs > slowMs
      ? ' After several wrong ones the broker takes its time with each answer; a right one is answered at once.'
      : ''
  if (user === 'guest') {
    return (
      <>
        Refused. <b>guest</b> is there only while the broker has no <code>--user</code>, and may
        come from the broker's own machine only.{slow}
      </>
    )
  }
  return `User or password is wrong. The broker's log says which.${slow}`
}

function Refused({ problem }: { readonly problem: ComponentChildren }): JSX.Element | null {
  if (problem === undefined) return null
  return (
    <p class="login-problem" role="alert">
      {problem}
    </p>
  )
}
