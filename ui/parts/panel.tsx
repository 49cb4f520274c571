// What opens from the right over a list. It has its own URL, Escape closes it, and the list keeps its place.
import type { ComponentChildren, JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { isDialogOpen, useKeys } from '../lib/keys.ts'
import './panel.css'

export interface PanelProps {
  readonly title: ComponentChildren
  /** Its name for those who hear it. */
  readonly label: string
  readonly onClose: () => void
  readonly actions?: ComponentChildren
  readonly children: ComponentChildren
  /** As wide as half of the window. */
  readonly isWide?: boolean
}

export function Panel(props: PanelProps): JSX.Element {
  const { title, label, onClose, actions, children, isWide = false } = props
  const panel = useRef<HTMLElement>(null)
  // Later it would take the focus from whatever somebody has gone to meanwhile.
  useLayoutEffect(() => {
    const before = document.activeElement
    panel.current?.focus({ preventScroll: true })
    return () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true })
    }
  }, [])
  useKeys([{ keys: 'Escape', does: 'close the panel', run: onClose }])
  const closeFromField = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || event.defaultPrevented || isDialogOpen()) return
    onClose()
  }
  return (
    <aside
      ref={panel}
      class={isWide ? 'panel panel-wide' : 'panel'}
      aria-label={label}
      tabIndex={-1}
      onKeyDown={closeFromField}
    >
      <header class="panel-head">
        <h2>{title}</h2>
        <button type="button" class="panel-close" aria-label="Close" onClick={onClose}>
          ×
        </button>
      </header>
      {actions !== undefined && <div class="panel-actions">{actions}</div>}
      <div class="panel-body">{children}</div>
    </aside>
  )
}
