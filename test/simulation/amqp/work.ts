// What the AMQP clients do. Each function is one connection's work.
import type { Entry } from '../model/entry.ts'
import type { QueueLife } from '../model/queue-life.ts'
import { type AmqpLife, openSession, pickWorkQueue } from './amqp-protocol.ts'
import {
  bindingKeys,
  plannedExchanges,
  type PlannedQueue,
  plannedQueues,
  routingKeys,
  workQueues,
} from './planned-queues.ts'
import type { Session, Settlement } from './session.ts'
import { StreamReading } from './stream-reading.ts'
import { TopologyActions } from './topology-actions.ts'

/** Publishes bursts, with confirms or without, and waits for them now and then. */
export async function publish(life: AmqpLife): Promise<void> {
  const { draw, world } = life
  const session = await openSession(life, draw.oneOf(['plain', 'confirm', 'confirm']))
  await declareExchanges(life, session)
  for (let left = draw.between(3, 40); left > 0 && !world.isWindingDown; left--) {
    const queue = pickTarget(life) ?? (await declareAny(life, session, plannedQueues(world.plan)))
    for (let burst = draw.between(1, 8); burst > 0; burst--) publishOne(life, session, queue)
    if (draw.chance(0.3)) await session.publishing.whenConfirmed()
    if (draw.chance(0.1)) await session.sync()
    await life.step()
  }
  if (draw.chance(0.8)) await session.publishing.whenConfirmed()
  if (draw.chance(0.5)) await session.close()
}

/** Consumes from one or two queues and settles in all ways there are. */
export async function consume(life: AmqpLife): Promise<void> {
  const { draw, world } = life
  const session = await openSession(life, 'plain')
  const prefetch = draw.oneOf([0, 1, 3, 20])
  const isGlobal = draw.chance(0.3)
  await session.setPrefetch(prefetch, isGlobal)
  const settler = new Settler(life, session)
  for (let count = draw.between(1, 2); count > 0; count--) {
    const queue = pickWorkQueue(life) ?? (await declareAny(life, session, workQueues(world.plan)))
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
export async function get(life: AmqpLife): Promise<void> {
  const { draw, world } = life
  const session = await openSession(life, 'plain')
  for (let left = draw.between(3, 40); left > 0 && !world.isWindingDown; left--) {
    const queue = pickWorkQueue(life) ?? (await declareAny(life, session, workQueues(world.plan)))
    const noAck = draw.chance(0.1)
    await session.get(queue, noAck)
    const tag = draw.chance(0.8) ? [...session.unacked.keys()].at(-1) : undefined
    if (tag !== undefined) session.settle(tag, drawSettlement(life), draw.chance(0.3))
    await life.step()
  }
}

/** Declares, binds, unbinds, purges and deletes. */
export async function declare(life: AmqpLife): Promise<void> {
  const { draw, world } = life
  const session = await openSession(life, 'plain')
  const actions = new TopologyActions(world, session)
  await declareExchanges(life, session)
  for (let left = draw.between(5, 30); left > 0 && !world.isWindingDown; left--) {
    const queue = draw.chance(0.3) ? undefined : pickTarget(life)
    if (queue === undefined) await declareAny(life, session, plannedQueues(world.plan))
    else await changeQueue(life, actions, queue)
    await life.step()
  }
}

/** Moves messages in transactions, and throws some of them away. */
export async function transact(life: AmqpLife): Promise<void> {
  const { draw, world } = life
  const session = await openSession(life, 'transaction')
  await declareExchanges(life, session)
  for (let left = draw.between(2, 15); left > 0 && !world.isWindingDown; left--) {
    const queue = pickWorkQueue(life) ?? (await declareAny(life, session, workQueues(world.plan)))
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
  { draw, world }: AmqpLife,
  actions: TopologyActions,
  queue: QueueLife,
): Promise<void> {
  const exchange = draw.oneOf(plannedExchanges(world.plan)).name
  const key = draw.oneOf(bindingKeys)
  const isQueue = queue.kind.type === 'queue'
  // Of a topic that others make grow nobody can say how many partitions to declare.
  const isTopic = queue.name.startsWith('topic-')
  const weights = {
    bind: 6,
    unbind: 2,
    count: isTopic ? 0 : 2,
    purge: isQueue ? 0.5 : 0,
    delete: 0.3,
  }
  const action = draw.weighted(weights)
  if (action === 'bind') await actions.bind(queue, exchange, key)
  else if (action === 'unbind') await actions.unbind(queue, exchange, key)
  else if (action === 'count') {
    await actions.declareQueue(queue.name, queue.kind, queue.partitionCount)
  } else if (action === 'purge') await actions.purge(queue)
  else await actions.deleteQueue(queue)
}

async function declareExchanges({ world }: AmqpLife, session: Session): Promise<void> {
  const actions = new TopologyActions(world, session)
  for (const { name, type } of plannedExchanges(world.plan)) {
    await actions.declareExchange(name, type)
  }
}

/** Anything that messages can go to. */
function pickTarget(life: AmqpLife): QueueLife | undefined {
  return life.pick(({ kind }) => !kind.isExclusive)
}

/** Declares one of the planned queues, with a binding. */
async function declareAny(
  { draw, world }: AmqpLife,
  session: Session,
  planned: readonly PlannedQueue[],
): Promise<QueueLife> {
  const actions = new TopologyActions(world, session)
  const { name, kind, partitionCount } = draw.oneOf(planned)
  const queue = await actions.declareQueue(name, kind, partitionCount)
  const [exchange] = plannedExchanges(world.plan)
  if (exchange !== undefined && draw.chance(0.7)) {
    await actions.declareExchange(exchange.name, exchange.type)
    await actions.bind(queue, exchange.name, draw.oneOf(bindingKeys))
  }
  return queue
}

/** To a queue by its name, or to an exchange. */
function publishOne({ draw, world }: AmqpLife, session: Session, queue: QueueLife): void {
  const isDirect = draw.chance(0.4)
  session.publishing.publish(
    {
      origin: 'amqp',
      id: world.model.newMessageId(),
      exchange: isDirect ? '' : draw.oneOf(plannedExchanges(world.plan)).name,
      routingKey: isDirect ? queue.name : draw.oneOf(routingKeys),
      size: draw.small(world.plan.bodySizeMax),
      isPersistent: draw.chance(0.8),
      priority: draw.chance(0.5) ? draw.between(0, 5) : undefined,
    },
    { mandatory: session.mode !== 'transaction' && draw.chance(0.2) },
  )
}

function drawSettlement({ draw }: AmqpLife): Settlement {
  return draw.weighted({ ack: 8, reject: 1, requeue: 1.5 }) ?? 'ack'
}

/** Settles deliveries at once, later, many at a time, or never. */
class Settler {
  readonly #life: AmqpLife
  readonly #session: Session
  readonly #eagerness: number

  constructor(life: AmqpLife, session: Session) {
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

/** Reads a stream from wherever it likes. */
export async function readStream(life: AmqpLife): Promise<void> {
  const { draw, world, connection } = life
  const stream =
    life.pick(({ kind, partitionCount }) => kind.type === 'stream' && partitionCount > 0) ??
    (await declareStream(life))
  if (stream === undefined) return
  const partition = draw.chance(0.5) ? draw.between(0, stream.partitionCount - 1) : undefined
  const { start, end } = stream.logOf(partition ?? 0)
  const number = partition === undefined ? 'first' : draw.between(start, end)
  const offset = draw.oneOf(['first', 'last', 'next', number] as const)
  const channel = await connection.channel()
  const reading = new StreamReading(life, channel, { queue: stream, start: { offset, partition } })
  await reading.begin(draw.oneOf([1, 5, 100]))
  for (let left = draw.between(3, 40); left > 0 && !world.isWindingDown; left--) {
    await life.step()
    if (draw.chance(0.7)) reading.ack()
    if (channel.ended !== undefined) throw channel.ended
  }
  if (draw.chance(0.5)) await channel.close()
}

async function declareStream(life: AmqpLife): Promise<QueueLife | undefined> {
  const { draw, world } = life
  const streams = plannedQueues(world.plan).filter(({ kind }) => kind.type === 'stream')
  if (streams.length === 0) return undefined
  const session = await openSession(life, 'plain')
  const { name, kind, partitionCount } = draw.oneOf(streams)
  return new TopologyActions(world, session).declareQueue(name, kind, partitionCount)
}
