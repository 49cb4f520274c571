// What the clients of parcels share: the parcels, and how the queues are declared.
import { emptyTable, table } from '../../../src/record/message/field-table.ts'
import type { AmqpConnection } from '../amqp/amqp-connection.ts'
import type { World } from '../world.ts'
import {
  argumentsOf,
  onceArguments,
  onceExchange,
  type ParcelPlan,
  type ParcelQueue,
} from './parcel-plan.ts'
import { ParcelSession } from './parcel-session.ts'
import { Parcel } from './parcel.ts'

export class ParcelWorld {
  readonly world: World
  readonly plan: ParcelPlan
  readonly #parcels = new Map<string, Parcel>()

  constructor(world: World, plan: ParcelPlan) {
    this.world = world
    this.plan = plan
  }

  add(what: Pick<Parcel, 'queue' | 'size' | 'order'>): Parcel {
    const parcel = new Parcel(`p${this.#parcels.size + 1}`, what)
    this.#parcels.set(parcel.id, parcel)
    return parcel
  }

  /** The parcel that a client got out of a queue, which must be one that goes there. */
  get(id: string | undefined, queue: ParcelQueue): Parcel {
    const parcel = this.#parcels.get(id ?? '')
    if (parcel !== undefined && parcel.queue.name === (queue.source ?? queue.name)) return parcel
    throw this.world.history.fail(`${queue.name} has parcel '${id}' of nobody`)
  }

  /** All that were published to a queue, or to its source. */
  of({ name, source }: ParcelQueue): readonly Parcel[] {
    return [...this.#parcels.values()].filter(({ queue }) => queue.name === (source ?? name))
  }

  /** Opens a channel and declares all there is. Rejects with `Ended`. */
  async open(name: string, connection: AmqpConnection): Promise<ParcelSession> {
    const session = await ParcelSession.open(name, connection, this)
    const { queues } = this.plan
    for (const queue of queues) await session.declareQueue(queue.name, table(argumentsOf(queue)))
    const once = queues.find(({ entry }) => entry?.exchange === onceExchange)
    if (once === undefined) return session
    const type = 'x-message-deduplication'
    await session.declareExchange(onceExchange, type, table(onceArguments))
    await session.bind(once.name, onceExchange, emptyTable)
    return session
  }
}
