// Dead letters of a stream. A place for the page, until it is built.
import type { JSX } from 'preact'
import { Page } from '../../parts/page.tsx'

export function StreamDeathsPage(): JSX.Element {
  return <Page title="Dead letters of a stream">{null}</Page>
}
