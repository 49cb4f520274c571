// The demo's shops: each with a connection of its own, publishing orders over AMQP with confirms.
import type { ChannelModel, ConfirmChannel } from 'amqplib'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { demoLimits } from '../limits/demo.ts'
import type { DemoCounts } from './demo-counts.ts'
import { demoNames } from './demo-parts.ts'

export const shopNames = ['seoul', 'busan', 'jeju', 'daegu'] as const

const items = [
  { item: 'tea', price: 9000 },
  { item: 'celadon', price: 86_000 },
  { item: 'lantern', price: 24_000 },
  { item: 'brush', price: 15_000 },
] as const

/** The number of the first order is this and one; people ask for order 1234 after some seconds. */
const firstOrder = 1000

/** Opens a connection that the list of connections shows under this name. */
export type ConnectAmqp = (name: string) => Promise<ChannelModel>

export interface ShopsParts {
  readonly connect: ConnectAmqp
  readonly counts: DemoCounts
  readonly clock: Clock
  readonly random: Random
}

/** Orders of all shops are numbered in one row. */
export class Shops implements Disposable {
  readonly #parts: ShopsParts
  readonly #timers: Timer[] = []
  #last = firstOrder

  constructor(parts: ShopsParts) {
    this.#parts = parts
  }

  /** Begins to publish; rejects when a shop cannot connect. */
  async open(): Promise<void> {
    const { clock, connect, random } = this.#parts
    const everyMs = (1000 * shopNames.length) / demoLimits.ordersPerSecond
    for (const shop of shopNames) {
      const connection = await connect(`demo shop ${shop}`)
      const channel = await connection.createConfirmChannel()
      const waiting = { count: 0 }
      const publish = (): void => this.#publish(channel, shop, waiting)
      // Each begins at a moment of its own, as shops do.
      this.#timers.push(
        clock.after(random.below(everyMs), () => {
          this.#timers.push(clock.every(everyMs, publish))
        }),
      )
    }
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) timer.stop()
  }

  #publish(channel: ConfirmChannel, shop: string, waiting: { count: number }): void {
    if (waiting.count >= demoLimits.unconfirmedMax / shopNames.length) return
    const { random, counts, clock } = this.#parts
    const { item, price } = items[random.below(items.length)] ?? items[0]
    const order = ++this.#last
    const amount = price * (1 + random.below(3))
    const routingKey = `order.${shop}.${item}`
    waiting.count++
    channel.publish(
      demoNames.orders,
      routingKey,
      Buffer.from(JSON.stringify({ order, shop, item, amount })),
      {
        persistent: true,
        contentType: 'application/json',
        messageId: `order-${order}`,
        timestamp: Math.floor(clock.now() / 1000),
        appId: 'demo',
        // The key that Kafka sees: orders of one shop stay in order.
        headers: { shop, 'x-key': shop },
      },
      (error: unknown) => {
        waiting.count--
        if (error === null || error === undefined) {
          counts.addOrder({ order, shop, item, amount, routingKey })
        }
      },
    )
  }
}
