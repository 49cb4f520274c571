// Dead letters. A place for the page, until it is built.
import type { JSX } from 'preact'
import { Page } from '../../parts/page.tsx'

export function DeathsPage(): JSX.Element {
  return <Page title="Dead letters">{null}</Page>
}
