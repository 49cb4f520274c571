// What shops, billing and readers have done, as the picture shows it.
import type { Clock } from '../lib/clock.ts'
import { demoLimits } from '../limits/demo.ts'
import type { DemoOrder, DemoPicture, OrderState } from './demo-picture.ts'
import { Rate } from './rate.ts'

/** What a reader counts. */
export interface ReaderCount {
  readonly rate: Rate
  problem: string | undefined
}

export class DemoCounts {
  readonly #clock: Clock
  readonly #published: Rate
  readonly #paid: Rate
  #retried = 0
  #rejected = 0
  readonly #readers = new Map<string, ReaderCount>()
  readonly #orders: DemoOrder[] = []

  constructor(clock: Clock) {
    this.#clock = clock
    this.#published = new Rate(clock)
    this.#paid = new Rate(clock)
  }

  /** A shop has its confirm for this order. */
  addOrder(order: Omit<DemoOrder, 'state'>): void {
    this.#published.add()
    // Billing may have been faster than the confirm.
    if (this.#orders.some((known) => known.order === order.order)) return
    this.#orders.unshift({ ...order, state: 'waits' })
    this.#orders.length = Math.min(this.#orders.length, demoLimits.ordersShown)
  }

  /** Billing has settled an order. */
  settle(order: number, state: Exclude<OrderState, 'waits'>): void {
    if (state === 'paid') this.#paid.add()
    else if (state === 'retried') this.#retried++
    else this.#rejected++
    const index = this.#orders.findIndex((known) => known.order === order)
    const known = this.#orders[index]
    if (known !== undefined) this.#orders[index] = { ...known, state }
  }

  /** What a group counts in from now on. */
  reader(group: string): ReaderCount {
    const count = { rate: new Rate(this.#clock), problem: undefined }
    this.#readers.set(group, count)
    return count
  }

  get picture(): DemoPicture {
    const published = this.#published.total
    return {
      published,
      publishedPerSecond: this.#published.perSecond,
      paid: this.#paid.total,
      paidPerSecond: this.#paid.perSecond,
      retried: this.#retried,
      rejected: this.#rejected,
      readers: Array.from(this.#readers, ([group, { rate, problem }]) => ({
        group,
        read: rate.total,
        readPerSecond: rate.perSecond,
        lag: Math.max(0, published - rate.total),
        problem,
      })),
      orders: [...this.#orders],
    }
  }
}
