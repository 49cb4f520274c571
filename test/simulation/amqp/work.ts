// What the AMQP clients do. Each function is one connection's work.
import type { Entry } from '../model/entry.ts'
import type { QueueLife } from '../model/queue-life.ts'
import type { ClientLife } from './amqp-client.ts'
import { bindingKeys, plannedExchanges, plannedQueues, routingKeys } from './planned-queues.ts'
import type { Session, Settlement } from './session.ts'
import { TopologyActions } from './topology-actions.ts'

/** Publishes bursts, with confirms or without, and waits for them now and then. */
export async function publish(life: ClientLife): Promise<void> {
  const { draw, world } = life
  const session = await life.session(draw.oneOf(['plain', 'confirm', 'confirm']))
  await declareExchanges(life, session)
  for (let left = draw.between(3, 40); left > 0 && !world.isWindingDown; left--) {
    const queue = life.pickQueue() ?? (await declareAny(life, session))
    for (let burst = draw.between(1, 8); burst > 0; burst--) publishOne(life, session, queue)
    if (draw.chance(0.3)) await session.publishing.whenConfirmed()
    if (draw.chance(0.1)) await session.sync()
    await life.step()
  }
  if (draw.chance(0.8)) await session.publishing.whenConfirmed()
  if (draw.chance(0.5)) await session.close()
}

/** Consumes from one or two queues and settles in all ways there are. */
export async function consume(life: ClientLife): Promise<void> {
  const { draw, world } = life
  const session = await life.session('plain')
  const prefetch = draw.oneOf([0, 1, 3, 20])
  const isGlobal = draw.chance(0.3)
  await session.setPrefetch(prefetch, isGlobal)
  const settler = new Settler(life, session)
  for (let count = draw.between(1, 2); count > 0; count--) {
    const queue = life.pickQueue() ?? (await declareAny(life, session))
    const noAck = draw.chance(0.1)
    await session.consume(queue, {
      tag: `${session.name}/${count}`,
      noAck,
      isExclusive: false,
      prefetch,
      onDelivery: (tag, entry) => settler.onDelivery(tag, entry, noAck),
    })
  }
  for (let left = draw.between(3, 60); left > 0 && !world.isWindingDown; left--) {
    await life.step()
    settler.settleSome()
    if (draw.chance(0.02)) await session.recover()
    const consumer = draw.chance(0.03) ? [...session.consumers.values()][0] : undefined
    if (consumer !== undefined) await session.cancel(consumer)
  }
  if (draw.chance(0.5)) await session.close()
}

/** Gets messages one by one. */
export async function get(life: ClientLife): Promise<void> {
  const { draw, world } = life
  const session = await life.session('plain')
  for (let left = draw.between(3, 40); left > 0 && !world.isWindingDown; left--) {
    const queue = life.pickQueue() ?? (await declareAny(life, session))
    const noAck = draw.chance(0.1)
    await session.get(queue, noAck)
    const tag = draw.chance(0.8) ? [...session.unacked.keys()].at(-1) : undefined
    if (tag !== undefined) session.settle(tag, drawSettlement(life), draw.chance(0.3))
    await life.step()
  }
}

/** Declares, binds, unbinds, purges and deletes. */
export async function declare(life: ClientLife): Promise<void> {
  const { draw, world } = life
  const session = await life.session('plain')
  const actions = new TopologyActions(world, session)
  await declareExchanges(life, session)
  for (let left = draw.between(5, 30); left > 0 && !world.isWindingDown; left--) {
    const queue = draw.chance(0.3) ? undefined : life.pickQueue()
    if (queue === undefined) await declareAny(life, session)
    else await changeQueue(life, actions, queue)
    await life.step()
  }
}

/** Moves messages in transactions, and throws some of them away. */
export async function transact(life: ClientLife): Promise<void> {
  const { draw, world } = life
  const session = await life.session('transaction')
  await declareExchanges(life, session)
  for (let left = draw.between(2, 15); left > 0 && !world.isWindingDown; left--) {
    const queue = life.pickQueue() ?? (await declareAny(life, session))
    for (let count = draw.between(0, 5); count > 0; count--) publishOne(life, session, queue)
    for (let count = draw.between(0, 4); count > 0; count--) await session.get(queue, false)
    for (const tag of session.unacked.keys()) {
      if (draw.chance(0.7)) session.settle(tag, drawSettlement(life))
    }
    if (draw.chance(0.8)) await session.commit()
    else await session.rollback()
    await life.step()
  }
}

async function changeQueue(
  { draw, world }: ClientLife,
  actions: TopologyActions,
  queue: QueueLife,
): Promise<void> {
  const exchange = draw.oneOf(plannedExchanges(world.plan)).name
  const key = draw.oneOf(bindingKeys)
  const action = draw.weighted({ bind: 6, unbind: 2, count: 2, purge: 0.5, delete: 0.3 })
  if (action === 'bind') await actions.bind(queue, exchange, key)
  else if (action === 'unbind') await actions.unbind(queue, exchange, key)
  else if (action === 'count') await actions.declareQueue(queue.name, queue.kind)
  else if (action === 'purge') await actions.purge(queue)
  else await actions.deleteQueue(queue)
}

async function declareExchanges({ world }: ClientLife, session: Session): Promise<void> {
  const actions = new TopologyActions(world, session)
  for (const { name, type } of plannedExchanges(world.plan)) {
    await actions.declareExchange(name, type)
  }
}

/** Declares one of the planned queues, with a binding. */
async function declareAny({ draw, world }: ClientLife, session: Session): Promise<QueueLife> {
  const actions = new TopologyActions(world, session)
  const { name, kind } = draw.oneOf(plannedQueues(world.plan))
  const queue = await actions.declareQueue(name, kind)
  const [exchange] = plannedExchanges(world.plan)
  if (exchange !== undefined && draw.chance(0.7)) {
    await actions.declareExchange(exchange.name, exchange.type)
    await actions.bind(queue, exchange.name, draw.oneOf(bindingKeys))
  }
  return queue
}

/** To a queue by its name, or to an exchange. */
function publishOne({ draw, world }: ClientLife, session: Session, queue: QueueLife): void {
  const isDirect = draw.chance(0.4)
  session.publishing.publish(
    {
      id: world.model.newMessageId(),
      exchange: isDirect ? '' : draw.oneOf(plannedExchanges(world.plan)).name,
      routingKey: isDirect ? queue.name : draw.oneOf(routingKeys),
      size: draw.small(world.plan.bodySizeMax),
      isPersistent: draw.chance(0.8),
    },
    { mandatory: session.mode !== 'transaction' && draw.chance(0.2) },
  )
}

function drawSettlement({ draw }: ClientLife): Settlement {
  return draw.weighted({ ack: 8, reject: 1, requeue: 1.5 }) ?? 'ack'
}

/** Settles deliveries at once, later, many at a time, or never. */
class Settler {
  readonly #life: ClientLife
  readonly #session: Session
  readonly #eagerness: number

  constructor(life: ClientLife, session: Session) {
    this.#life = life
    this.#session = session
    this.#eagerness = life.draw.oneOf([0, 0.5, 1])
  }

  onDelivery(tag: number, _entry: Entry, noAck: boolean): void {
    const { draw } = this.#life
    if (!noAck && draw.chance(this.#eagerness))
      this.#session.settle(tag, drawSettlement(this.#life))
  }

  settleSome(): void {
    const { draw } = this.#life
    const tags = [...this.#session.unacked.keys()]
    if (tags.length === 0 || draw.chance(0.3)) return
    const isMultiple = draw.chance(0.5)
    this.#session.settle(draw.oneOf(tags), drawSettlement(this.#life), isMultiple)
  }
}
