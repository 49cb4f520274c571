// What the demo shows of itself: counted where it happens, drawn a few times a second.

export type OrderState = 'waits' | 'paid' | 'retried' | 'rejected'

/** An order as it is on its way. */
export interface DemoOrder {
  readonly order: number
  readonly shop: string
  readonly item: string
  /** Won. */
  readonly amount: number
  readonly routingKey: string
  readonly state: OrderState
}

/** A Kafka consumer group that reads the orders. */
export interface DemoReader {
  readonly group: string
  readonly read: number
  readonly readPerSecond: number
  /** Orders that were published and that it has not read. */
  readonly lag: number
  /** Why it reads nothing. */
  readonly problem: string | undefined
}

export interface DemoPicture {
  /** Since the start. */
  readonly published: number
  readonly publishedPerSecond: number
  readonly paid: number
  readonly paidPerSecond: number
  readonly retried: number
  readonly rejected: number
  readonly readers: readonly DemoReader[]
  /** The last ones, the newest first. */
  readonly orders: readonly DemoOrder[]
}
