// Small words beside a name: its protocol, its state.
import type { ComponentChildren, JSX } from 'preact'
import './badge.css'

const protocols = {
  AM: 'AMQP 0-9-1',
  KA: 'Kafka',
  MQ: 'MQTT',
  ST: 'STOMP',
  HT: 'HTTP',
} as const

export type ProtocolMark = keyof typeof protocols

export function ProtocolBadge({ mark }: { readonly mark: ProtocolMark }): JSX.Element {
  return (
    <abbr class="badge badge-protocol" title={protocols[mark]}>
      {mark}
    </abbr>
  )
}

/** `bad` is lost, blocked or dead; `look` grows or waits; `good` runs. */
export type Tone = 'plain' | 'good' | 'look' | 'bad'

export interface BadgeProps {
  readonly tone?: Tone
  readonly title?: string
  readonly children: ComponentChildren
}

export function Badge({ tone = 'plain', title, children }: BadgeProps): JSX.Element {
  return (
    <span class={`badge badge-${tone}`} title={title}>
      {children}
    </span>
  )
}
