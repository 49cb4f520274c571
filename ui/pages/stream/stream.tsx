// Stream. A place for the page, until it is built.
import type { JSX } from 'preact'
import { Page } from '../../parts/page.tsx'

export function StreamPage(): JSX.Element {
  return <Page title="Stream">{null}</Page>
}
