// A place for the page, until it is built.
import type { JSX } from 'preact'
import { StreamFrame } from '../../parts/stream-tabs.tsx'

export function ConsumersPage(): JSX.Element {
  return <StreamFrame current="consumers">{null}</StreamFrame>
}
