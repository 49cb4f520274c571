// The last client of parcels: takes everything out of the queues, and looks whether each has what it owes, once
// and in order. A queue that keeps what was acked is rewound then, and must have all of it once more.
import { AmqpConnection } from '../amqp/amqp-connection.ts'
import { Violation } from '../model/history.ts'
import type { ParcelQueue } from './parcel-plan.ts'
import type { ParcelSession } from './parcel-session.ts'
import { rewind } from './parcel-work.ts'
import type { ParcelWorld } from './parcel-world.ts'
import type { Parcel } from './parcel.ts'

export class ParcelDrain {
  readonly #parcels: ParcelWorld

  constructor(parcels: ParcelWorld) {
    this.#parcels = parcels
  }

  async run(): Promise<void> {
    const { world, plan } = this.#parcels
    const link = world.network.connect('amqp')
    if (link === undefined) throw new Violation('nobody listens for AMQP')
    const options = { clock: world.clock, heartbeatSeconds: 60, frameMax: 131_072 }
    const connection = await AmqpConnection.open(link, options)
    const session = await this.#parcels.open('parcel-drain', connection)
    for (const queue of plan.queues.filter(({ type }) => type !== 'stream')) {
      await this.#empty(session, queue)
      if (queue.isKept !== true) continue
      await rewind(this.#parcels, queue, 0)
      await this.#empty(session, queue)
    }
    await connection.close()
  }

  async #empty(session: ParcelSession, queue: ParcelQueue): Promise<void> {
    const found = new Set<Parcel>()
    const owed = this.#parcels.of(queue).filter((parcel) => parcel.isOwedBy(queue))
    const places = new Map<string, number>()
    for (;;) {
      const tag = await session.get(queue)
      if (tag === undefined) break
      const parcel = session.unacked.get(tag)?.parcel
      if (parcel === undefined) throw new Error('a delivery of nothing')
      if (found.has(parcel)) throw this.#fail(`${String(parcel)} is in ${queue.name} twice`)
      found.add(parcel)
      this.#checkOrder(parcel, queue, places)
      session.settle(tag, 'ack')
    }
    await session.sync()
    const lost = owed.find((parcel) => !found.has(parcel))
    if (lost !== undefined) throw this.#fail(`${String(lost)} is not in ${queue.name}`)
  }

  /** What returned to a queue in memory goes first. */
  #checkOrder({ order }: Parcel, { name }: ParcelQueue, places: Map<string, number>): void {
    if (order === undefined || this.#parcels.world.plan.machine.engine === 'memory') return
    const { publisher, place } = order
    const before = places.get(publisher) ?? -1
    places.set(publisher, place)
    if (place > before) return
    throw this.#fail(`${name} has message ${place} of ${publisher} behind message ${before}`)
  }

  #fail(what: string): Error {
    return this.#parcels.world.history.fail(what)
  }
}
