// A place for the page, until it is built.
import type { JSX } from 'preact'
import { StreamFrame } from '../../parts/stream-tabs.tsx'

export function StreamPage(): JSX.Element {
  return <StreamFrame current="overview">{null}</StreamFrame>
}
