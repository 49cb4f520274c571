// What the clients of parcels do. Each function is one connection's work, but for that of rewinders, who ask as
// the program's command does.
import { whenDurable } from '../../../src/broker/when-durable.ts'
import type { AmqpLife } from '../amqp/amqp-protocol.ts'
import type { ParcelQueue } from './parcel-plan.ts'
import type { ParcelWorld } from './parcel-world.ts'

export async function publishParcels(life: AmqpLife, parcels: ParcelWorld): Promise<void> {
  const { name, connection, draw, world } = life
  const session = await parcels.open(name, connection)
  const entries = parcels.plan.queues.filter(({ entry }) => entry !== undefined)
  for (let left = draw.between(3, 30); left > 0 && !world.isWindingDown; left--) {
    const queue = draw.oneOf(entries)
    for (let burst = draw.between(1, 5); burst > 0; burst--) {
      const before = queue.isOnce === true ? parcels.of(queue) : []
      if (before.length === 0 || draw.chance(0.5)) {
        session.publishNew(queue, draw.small(world.plan.bodySizeMax))
        continue
      }
      // As a publisher does that does not know whether it was heard; the last ones most often.
      const parcel = before[before.length - 1 - draw.small(before.length - 1)]!
      parcel.order = undefined
      session.publish(parcel)
    }
    await life.step()
    session.check()
  }
  await world.until(() => session.unconfirmedCount === 0 || session.isGone)
  session.check()
}

export async function consumeParcels(life: AmqpLife, parcels: ParcelWorld): Promise<void> {
  const { name, connection, draw, world } = life
  const session = await parcels.open(name, connection)
  const consumed = parcels.plan.queues.filter(({ isConsumed }) => isConsumed === true)
  if (consumed.length === 0) return
  await session.consume(draw.oneOf(consumed), draw.oneOf([1, 3, 20]))
  for (let left = draw.between(3, 40); left > 0 && !world.isWindingDown; left--) {
    await life.step()
    session.check()
    for (const tag of session.unacked.keys()) {
      if (draw.chance(0.6)) session.settle(tag, draw.chance(0.75) ? 'ack' : 'requeue')
    }
    if (draw.chance(0.4)) await session.sync()
  }
}

export async function rewindParcels(life: AmqpLife, parcels: ParcelWorld): Promise<void> {
  const { draw, world } = life
  const kept = parcels.plan.queues.find(({ isKept }) => isKept === true)
  if (kept === undefined) return
  for (let left = draw.between(1, 5); left > 0 && !world.isWindingDown; left--) {
    await world.sleep(draw.time(2000))
    await life.step()
    await rewind(parcels, kept, draw.chance(0.7) ? 0 : draw.between(1, 20))
  }
}

/** Changes the limits of the virtual host, which all clients of a run share, and lifts them. */
export async function pace(life: AmqpLife, { world }: ParcelWorld): Promise<void> {
  const { draw } = life
  for (let left = draw.between(1, 5); left > 0 && !world.isWindingDown; left--) {
    await life.step()
    const { cell, state } = world.machine
    if (cell === undefined || state !== 'running') return
    const rate = draw.oneOf([20, 200, 2000, -1])
    world.history.onNote('pacer', `all may publish ${rate} messages per second`)
    cell.broker.putVHost('/', { limits: { 'max-publish-rate': rate } })
    cell.broker.rates.refresh('vhost', '/')
    await world.sleep(draw.time(2000))
  }
}

/** Resolves when it is done, or the broker is gone that was to do it. */
export async function rewind(
  parcels: ParcelWorld,
  kept: ParcelQueue,
  offset: number,
): Promise<void> {
  const { world } = parcels
  const { machine, history } = world
  const { cell } = machine
  if (cell === undefined || machine.state !== 'running') return
  const queue = cell.broker.getVHost('/').findQueue(kept.name)
  if (queue?.kind !== 'queue') return
  // What was acked comes back, unless it is acked again meanwhile.
  const acked = parcels
    .of(kept)
    .map((parcel) => parcel.stayIn(kept))
    .filter(({ ack }) => ack === 'done')
    .map((stay) => ({ stay, count: stay.ackCount }))
  history.onNote('rewinder', `${kept.name} to ${offset}`)
  let isDone = false
  const asked = cell.broker.rewindQueue(queue, { offset })
  void asked
    .then(({ ticket }) => whenDurable(ticket))
    .then(() => {
      if (machine.cell !== cell) return
      isDone = true
      history.onNote('rewinder', `${kept.name} is at ${offset}`)
      if (offset > 0) return
      for (const { stay, count } of acked) if (stay.ackCount === count) stay.ack = 'none'
    })
  await world.until(() => isDone || machine.cell !== cell)
}
