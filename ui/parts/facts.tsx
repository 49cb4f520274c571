// Names and values under each other, and single numbers beside each other.
import type { ComponentChildren, JSX } from 'preact'
import './facts.css'

export interface Fact {
  readonly name: ComponentChildren
  readonly value: ComponentChildren
  /** What it means, on hover. */
  readonly hint?: string | undefined
}

export function Facts({ facts }: { readonly facts: readonly Fact[] }): JSX.Element {
  return (
    <dl class="facts">
      {facts.map(({ name, value, hint }, index) => (
        <div key={index} title={hint}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

export interface StatProps {
  readonly label: string
  readonly value: ComponentChildren
  readonly hint?: string
  readonly tone?: 'plain' | 'look' | 'bad'
  readonly to?: string
  /** A line under the number: a comparison, a small chart. */
  readonly children?: ComponentChildren
}

export function Stat({ label, value, hint, tone = 'plain', to, children }: StatProps): JSX.Element {
  const text = <span class="stat-value">{value}</span>
  return (
    <div class={`stat stat-${tone}`} title={hint}>
      <span class="stat-label">{label}</span>
      {to === undefined ? text : <a href={to}>{text}</a>}
      {children !== undefined && <span class="stat-note">{children}</span>}
    </div>
  )
}

export function Stats({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <div class="stats">{children}</div>
}

/** A share of something as a bar; the words stand beside it. */
export function Bar({
  share,
  label,
  tone = 'plain',
}: {
  /** From 0 to 1. */
  readonly share: number
  readonly label: string
  readonly tone?: 'plain' | 'look' | 'bad'
}): JSX.Element {
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 100)
  return (
    <div
      class={`bar bar-${tone}`}
      role="progressbar"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <span style={{ width: `${percent}%` }} />
    </div>
  )
}
