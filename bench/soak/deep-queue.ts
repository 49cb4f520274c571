// 10 M messages of 100 B wait in one durable queue: memory must not follow its depth. Then one
// consumer takes them all.
import { describeUsage, expectAtMost, expectEqual, type SoakScenario } from './soak-scenario.ts'
import { publishFrames, SoakSocket } from './soak-socket.ts'

const MESSAGES = 10_000_000
const BODY_SIZE = 100
const BATCH = 1000
const STEPS = 10
const GROWTH_MB_MAX = 60
const QUEUE = 'soak-deep'

export const deepQueue: SoakScenario = async ({ target, scale, report }) => {
  const client = await SoakSocket.open(target.port)
  await client.call(1, 'queue.declare', { queue: QUEUE, durable: true })
  await client.call(1, 'confirm.select')
  const one = publishFrames(1, QUEUE, BODY_SIZE)
  const batch = Buffer.concat(Array.from({ length: BATCH }, () => one))
  const batches = Math.round((MESSAGES * scale) / BATCH / STEPS)
  const levels: number[] = []
  const started = performance.now()
  for (let step = 1; step <= STEPS; step++) {
    for (let count = 0; count < batches; count++) await client.write(batch)
    const ready = await client.readyCount(1, QUEUE)
    expectEqual('ready messages', ready, step * batches * BATCH)
    levels.push(target.usage().megabytes)
    report(describeUsage(`${ready} waiting`, target))
  }
  const seconds = (performance.now() - started) / 1000
  const total = batches * BATCH * STEPS
  report(`published ${(total / seconds).toFixed(0)} msg/s`)
  await consumeAll(target.port, total, report)
  report(describeUsage('after consuming all', target))
  await client.call(1, 'queue.delete', { queue: QUEUE })
  await client.close()
  // Until then caches of a fixed size fill up, and the heap finds its size.
  const half = levels[STEPS / 2 - 1] ?? 0
  expectAtMost('growth in the second half, MB', (levels.at(-1) ?? 0) - half, GROWTH_MB_MAX)
}

async function consumeAll(
  port: number,
  total: number,
  report: (text: string) => void,
): Promise<void> {
  const consumer = await SoakSocket.open(port)
  const started = performance.now()
  await consumer.call(1, 'basic.consume', { queue: QUEUE, noAck: true })
  while (consumer.deliveryCount < total) {
    // Each answer comes behind the deliveries that were written before it.
    await consumer.call(1, 'basic.qos', { prefetchCount: 0 })
  }
  expectEqual('deliveries', consumer.deliveryCount, total)
  const seconds = (performance.now() - started) / 1000
  report(`consumed ${(total / seconds).toFixed(0)} msg/s`)
  await consumer.close()
}
