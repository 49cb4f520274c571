// The whole window: header, navigation, and the page that the URL names.
import type { ComponentType, JSX } from 'preact'
import { useEffect, useErrorBoundary, useState } from 'preact/hooks'
import { isLoginNeeded } from '../lib/api.ts'
import { place } from '../lib/router.ts'
import { Empty, Skeleton } from '../parts/notes.tsx'
import { Page } from '../parts/page.tsx'
import { Toasts } from '../parts/toast.tsx'
import { Header } from './header.tsx'
import { LoginPage } from './login.tsx'
import { Navigation } from './navigation.tsx'
import { findPage, type PageEntry } from './pages.ts'
import { Shortcuts } from './shortcuts.tsx'
import './app.css'

export function App(): JSX.Element {
  if (isLoginNeeded.value) return <LoginPage />
  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <Header />
      <div class="window">
        <Navigation />
        <main id="main" class="main" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <Shortcuts />
      <Toasts />
    </>
  )
}

function Outlet(): JSX.Element {
  const { path } = place.value
  const page = findPage(path)
  if (page === undefined) {
    return (
      <Page title="No such page">
        <Empty title={path} text="This address leads nowhere." action={<a href="/">Go home</a>} />
      </Page>
    )
  }
  return <LoadedPage key={path} page={page} />
}

const loaded = new Map<string, ComponentType>()

/** A page whose code fails to load, or to run, fails alone: the navigation stays. */
function LoadedPage({ page }: { readonly page: PageEntry }): JSX.Element {
  const [Shown, setShown] = useState<ComponentType | undefined>(() => loaded.get(page.path))
  const [failure, setFailure] = useState<unknown>()
  const [crash, forgive] = useErrorBoundary((error) => reportError(error))
  useEffect(() => {
    page.load().then((component) => {
      loaded.set(page.path, component)
      setShown(() => component)
    }, setFailure)
  }, [page])
  const problem: unknown = failure ?? crash
  if (problem !== undefined) {
    const again = (): void => {
      forgive()
      location.reload()
    }
    return <Failed name={page.name} problem={problem} onRetry={again} />
  }
  if (Shown === undefined) {
    return (
      <Page title={page.name}>
        <Skeleton lines={6} />
      </Page>
    )
  }
  return <Shown />
}

function Failed(props: {
  readonly name: string
  readonly problem: unknown
  readonly onRetry: () => void
}): JSX.Element {
  const { name, problem, onRetry } = props
  const reason = problem instanceof Error ? problem.message : String(problem)
  return (
    <Page title={name}>
      <div class="problem" role="alert">
        <p>
          <strong>This page stopped.</strong> {reason}
        </p>
        <p class="soft">
          The broker was perhaps upgraded while the page was open. Nothing on the broker is touched.
        </p>
        <button type="button" class="button button-plain" onClick={onRetry}>
          Load it again
        </button>
      </div>
    </Page>
  )
}
