// The last client: takes everything out of every queue, and compares it with what clients know.
import type { Entry } from '../model/entry.ts'
import { Violation } from '../model/history.ts'
import { OrderCheck } from '../model/order-check.ts'
import type { QueueLife } from '../model/queue-life.ts'
import type { World } from '../world.ts'
import { AmqpConnection } from './amqp-connection.ts'
import { Session } from './session.ts'
import { TopologyActions } from './topology-actions.ts'

export class Drain {
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  async run(): Promise<void> {
    const link = this.#world.network.connect('amqp')
    if (link === undefined) throw new Violation('nobody listens for AMQP')
    const { clock, model } = this.#world
    const options = { clock, heartbeatSeconds: 60, frameMax: 131_072 }
    const connection = await AmqpConnection.open(link, options)
    const session = new Session('drain', await connection.channel(), model, 'plain')
    for (const queue of model.topology.queues.values()) {
      if (!queue.hasEnded && queue.kind.type === 'queue') await this.#drain(session, queue)
    }
    await connection.close()
  }

  async #drain(session: Session, queue: QueueLife): Promise<void> {
    // Where nobody knows whether it is there it is now, and what was in it may be.
    const isKnown = queue.presence.state === 'yes'
    const actions = new TopologyActions(this.#world, session)
    await actions.declareQueue(queue.name, queue.kind)
    const taken = new Set<Entry>()
    let level = Infinity
    let order = new OrderCheck(this.#world.history)
    for (;;) {
      const entry = await session.get(queue, false)
      if (entry === undefined) break
      const next = queue.levelOf(entry.message)
      if (next > level) {
        throw this.#world.history.fail(`${String(entry)} of level ${next} comes after ${level}`)
      }
      if (next !== level) order = new OrderCheck(this.#world.history)
      level = next
      order.onTaken(entry)
      taken.add(entry)
    }
    if (isKnown) this.#checkComplete(queue, taken)
  }

  #checkComplete(queue: QueueLife, taken: ReadonlySet<Entry>): void {
    const { history } = this.#world
    for (const entry of queue.entries.values()) {
      if (taken.has(entry)) continue
      if (entry.mustBeThere) throw history.fail(`${queue.name} has lost ${String(entry)}`)
      if (entry.mayBeSettled) continue
      // What is not here is nowhere: the other queues that it was to be in must agree.
      if (entry.isCertain === true && entry.message.deed.fate !== 'never') {
        entry.message.deed.toNever(`is not in ${queue.name}`)
      }
    }
  }
}
