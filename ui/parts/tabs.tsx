// Views of one thing, each with its URL.
import type { ComponentChildren, JSX } from 'preact'
import './tabs.css'

export interface Tab {
  readonly label: ComponentChildren
  readonly to: string
  readonly isCurrent: boolean
  readonly count?: number | undefined
}

export function Tabs({
  label,
  tabs,
}: {
  readonly label: string
  readonly tabs: readonly Tab[]
}): JSX.Element {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(({ label: text, to, isCurrent, count }) => (
        <a key={to} class="tab" href={to} aria-current={isCurrent ? 'page' : undefined}>
          {text}
          {count !== undefined && <span class="tab-count">{count.toLocaleString('en')}</span>}
        </a>
      ))}
    </nav>
  )
}
