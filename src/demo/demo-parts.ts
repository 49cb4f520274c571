// What the demo makes in a broker, by name: it takes away these things, and nothing else.

export const demoNames = {
  /** Orders come in here, with keys like `order.seoul.tea`. */
  orders: 'demo.orders',
  /** What bills them: a work queue. */
  billing: 'demo.billing',
  /** Where billing sends what it rejects, and the queue behind it. */
  failed: 'demo.failed',
  dead: 'demo.dead',
  /** The same orders for readers: a stream, and a topic of Kafka. */
  stream: 'demo.orders.stream',
  /** A group that keeps up, and one that does not. */
  search: 'demo.search',
  reports: 'demo.reports',
  /** Who logs in for all of them. */
  user: 'demo.courier',
} as const

export type DemoPartKind = 'user' | 'exchange' | 'queue' | 'stream' | 'group'

/** One of them. */
export interface DemoPart {
  readonly kind: DemoPartKind
  readonly name: string
}

/** In the order in which they are taken away; the user last, who is the sign that they are the demo's. */
export const demoParts: readonly DemoPart[] = [
  { kind: 'exchange', name: demoNames.orders },
  { kind: 'queue', name: demoNames.billing },
  { kind: 'exchange', name: demoNames.failed },
  { kind: 'queue', name: demoNames.dead },
  { kind: 'stream', name: demoNames.stream },
  { kind: 'group', name: demoNames.search },
  { kind: 'group', name: demoNames.reports },
  { kind: 'user', name: demoNames.user },
]

/** What the demo's user may touch: nothing that has another name. */
export const demoPattern = '^demo\\.'
