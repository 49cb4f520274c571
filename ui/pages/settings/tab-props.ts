// What the views of the settings have in common.
import type { JSX } from 'preact'

/** What each view of the settings gets. */
export interface TabProps {
  /** The row of views. */
  readonly tabs: JSX.Element
}
