// Home: is it fine, and if not, where.
import type { JSX } from 'preact'
import { Page } from '../../parts/page.tsx'

export function HomePage(): JSX.Element {
  return <Page title="Home">{null}</Page>
}
