// Trace. A place for the page, until it is built.
import type { JSX } from 'preact'
import { Page } from '../../parts/page.tsx'

export function TracePage(): JSX.Element {
  return <Page title="Trace">{null}</Page>
}
