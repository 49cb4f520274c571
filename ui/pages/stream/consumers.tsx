// Consumers and groups. A place for the page, until it is built.
import type { JSX } from 'preact'
import { Page } from '../../parts/page.tsx'

export function ConsumersPage(): JSX.Element {
  return <Page title="Consumers and groups">{null}</Page>
}
