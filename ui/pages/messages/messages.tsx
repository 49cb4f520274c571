// Messages. A place for the page, until it is built.
import type { JSX } from 'preact'
import { Page } from '../../parts/page.tsx'

export function MessagesPage(): JSX.Element {
  return <Page title="Messages">{null}</Page>
}
