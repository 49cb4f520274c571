// The frame of a page: its title, the sentence that matters, its actions, and what stands below.
import type { ComponentChildren, JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { missing } from '../lib/live.ts'
import './page.css'

export interface PageProps {
  readonly title: ComponentChildren
  /** For the browser's tab, where the title is no text. */
  readonly tab?: string
  /** One sentence that says what matters now. */
  readonly says?: ComponentChildren
  readonly actions?: ComponentChildren
  /** `Tabs`, where it is one of several views of a thing. */
  readonly tabs?: ComponentChildren
  /** Chips and fields that choose what is shown. */
  readonly filters?: ComponentChildren
  /** The same as a command, under it all. */
  readonly command?: ComponentChildren
  /** The content has the height of the window and scrolls by itself, as a long table does. */
  readonly isFull?: boolean
  readonly children: ComponentChildren
}

export function Page(props: PageProps): JSX.Element {
  const { title, tab, says, actions, tabs, filters, command, isFull = false, children } = props
  const text = tab ?? (typeof title === 'string' ? title : undefined)
  useEffect(() => {
    document.title = text === undefined ? 'Pabal' : `${text} · Pabal`
  }, [text])
  return (
    <div class={isFull ? 'page page-full' : 'page'}>
      <header class="page-head">
        <div class="page-title">
          <h1>{title}</h1>
          <p class="page-says">{says ?? '\u00a0'}</p>
        </div>
        {actions !== undefined && <div class="page-actions">{actions}</div>}
      </header>
      <Missing />
      {tabs !== undefined && <div class="page-tabs">{tabs}</div>}
      {filters !== undefined && <div class="page-filters">{filters}</div>}
      <div class="page-body">{children}</div>
      {command !== undefined && <footer class="page-command">{command}</footer>}
    </div>
  )
}

/** In a cluster: what is shown is what the others have. */
function Missing(): JSX.Element | null {
  const named = missing.value
  if (named.length === 0) return null
  return (
    <p class="page-missing" role="status">
      Not all is shown. These do not answer: {named.join(', ')}. See <a href="/cluster">Cluster</a>.
    </p>
  )
}

/** A part of a page with a heading. */
export function Section({
  title,
  actions,
  children,
}: {
  readonly title: ComponentChildren
  readonly actions?: ComponentChildren
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <section class="section">
      <div class="section-head">
        <h2>{title}</h2>
        {actions}
      </div>
      {children}
    </section>
  )
}
