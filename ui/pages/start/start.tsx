// First steps. A place for the page, until it is built.
import type { JSX } from 'preact'
import { Page } from '../../parts/page.tsx'

export function StartPage(): JSX.Element {
  return <Page title="First steps">{null}</Page>
}
