import type { JSX } from 'preact'

export interface TabProps {
  /** The tabs of the page, which each view shows. */
  readonly tabs: JSX.Element
}
