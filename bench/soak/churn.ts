// Connections, channels, consumers and queues come and go, well-behaved or not: nothing may grow.
// 100,000 cycles are more than an hour of 25 a second.
import { setTimeout as sleep } from 'node:timers/promises'
import { describeUsage, expectAtMost, type SoakScenario } from './soak-scenario.ts'
import { methodFrame, publishFrames, SoakSocket } from './soak-socket.ts'

const CYCLES = 100_000
const STEPS = 10
const AT_ONCE = 8
const GROWTH_MB_MAX = 25
const SHARED_QUEUE = 'soak-shared'
/** Files that storage has opened meanwhile. */
const HANDLES_MORE_MAX = 4
const SETTLED_MS_MAX = 15_000

export const churn: SoakScenario = async ({ target, scale, report }) => {
  const keeper = await SoakSocket.open(target.port)
  await keeper.call(1, 'queue.declare', { queue: SHARED_QUEUE, durable: true })
  const cycles = Math.max(AT_ONCE, Math.round((CYCLES * scale) / STEPS / AT_ONCE) * AT_ONCE)
  const before = target.usage()
  const levels: number[] = []
  const started = performance.now()
  for (let step = 0; step < STEPS; step++) {
    for (let done = 0; done < cycles; done += AT_ONCE) {
      const first = step * cycles + done
      await Promise.all(
        Array.from({ length: AT_ONCE }, (_, index) => cycle(target.port, first + index)),
      )
    }
    levels.push(target.usage().megabytes)
    report(describeUsage(`${(step + 1) * cycles} cycles`, target))
  }
  report(`${((cycles * STEPS) / ((performance.now() - started) / 1000)).toFixed(0)} cycles/s`)
  const deadline = performance.now() + SETTLED_MS_MAX
  while (target.usage().handles > before.handles && performance.now() < deadline) await sleep(50)
  report(describeUsage('all gone', target))
  await keeper.close()
  // The first 10,000 cycles or so are how long the heap takes to find its size.
  const half = levels[STEPS / 2 - 1] ?? 0
  const growth = (levels.at(-1) ?? 0) - half
  expectAtMost('growth in the second half, MB', growth, GROWTH_MB_MAX)
  expectAtMost('handles left', target.usage().handles - before.handles, HANDLES_MORE_MAX)
}

async function cycle(port: number, index: number): Promise<void> {
  const client = await SoakSocket.open(port, 2)
  const [own, durable] = [`soak-own-${index}`, `soak-durable-${index}`]
  await client.call(1, 'queue.declare', { queue: own, exclusive: true })
  await client.call(1, 'queue.bind', {
    queue: own,
    exchange: 'amq.topic',
    routingKey: `a.${index}`,
  })
  await client.call(1, 'basic.consume', { queue: SHARED_QUEUE, consumerTag: `tag-${index}` })
  await client.call(1, 'basic.consume', { queue: own, noAck: true })
  await client.call(2, 'confirm.select')
  await client.call(2, 'queue.declare', { queue: durable, durable: true })
  await client.write(Buffer.concat([publishFrames(2, own, 100), publishFrames(2, durable, 1000)]))
  await client.call(2, 'basic.get', { queue: durable })
  await client.call(2, 'queue.delete', { queue: durable })
  await leave(client, index)
}

/** By closing, by going, or by an error. */
async function leave(client: SoakSocket, index: number): Promise<void> {
  if (index % 4 === 1) client.socket.destroy()
  else if (index % 4 === 2) {
    client.socket.write(Buffer.from('no frame at all'))
    await client.answer().catch(() => undefined)
    client.socket.destroy()
  } else if (index % 4 === 3) {
    client.socket.write(methodFrame(1, 'basic.ack', { deliveryTag: 99 }))
    await client.answer().catch(() => undefined)
    client.socket.destroy()
  } else await client.close()
}
