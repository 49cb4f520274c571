// A consumer takes deliveries from the queue and never reads its socket while 1 GiB is published:
// what waits for it must stay bounded, and everything must be there for the next one.
import { describeUsage, expectAtMost, expectEqual, type SoakScenario } from './soak-scenario.ts'
import { publishFrames, SoakSocket } from './soak-socket.ts'

const MESSAGES = 16_384
const BODY_SIZE = 65_536
const STEPS = 8
const GROWTH_MB_MAX = 250
/** What the broker, the kernel and the socket may hold for a peer that does not read. */
const IN_FLIGHT_MAX = 16 * 1024 * 1024
const QUEUE = 'soak-deaf'

export const deafConsumer: SoakScenario = async ({ target, scale, report }) => {
  const deaf = await SoakSocket.open(target.port)
  await deaf.call(1, 'queue.declare', { queue: QUEUE, durable: true })
  await deaf.call(1, 'basic.consume', { queue: QUEUE })
  deaf.socket.pause()
  const client = await SoakSocket.open(target.port)
  await client.call(1, 'confirm.select')
  const one = publishFrames(1, QUEUE, BODY_SIZE)
  const perStep = Math.round((MESSAGES * scale) / STEPS)
  const before = target.usage().megabytes
  let highest = before
  let ready = 0
  for (let step = 1; step <= STEPS; step++) {
    for (let count = 0; count < perStep; count++) await client.write(one)
    ready = await client.readyCount(1, QUEUE)
    highest = Math.max(highest, target.usage().megabytes)
    report(describeUsage(`${step * perStep} published, ${ready} not sent yet`, target))
  }
  const total = perStep * STEPS
  expectAtMost(
    'bytes on their way to the deaf consumer',
    (total - ready) * BODY_SIZE,
    IN_FLIGHT_MAX,
  )
  deaf.socket.destroy()
  await consumeAll(target.port, total)
  report(describeUsage('after another consumer took all', target))
  await client.call(1, 'queue.delete', { queue: QUEUE })
  await client.close()
  report(`${(highest - before).toFixed(0)} MB more at the highest`)
  expectAtMost('growth, MB', highest - before, GROWTH_MB_MAX)
}

async function consumeAll(port: number, total: number): Promise<void> {
  const consumer = await SoakSocket.open(port)
  await consumer.call(1, 'basic.consume', { queue: QUEUE, noAck: true })
  while (consumer.deliveryCount < total) await consumer.call(1, 'basic.qos', { prefetchCount: 0 })
  expectEqual('deliveries', consumer.deliveryCount, total)
  await consumer.close()
}
