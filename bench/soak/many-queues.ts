// 10,000 durable queues with a message each: what one costs, and whether deleting gives it back.
import { describeUsage, expectAtMost, type SoakScenario } from './soak-scenario.ts'
import { methodFrame, publishFrames, SoakSocket } from './soak-socket.ts'

const QUEUES = 10_000
const KB_PER_QUEUE_MAX = 20
const HANDLES_MAX = 50

export const manyQueues: SoakScenario = async ({ target, scale, report }) => {
  const count = Math.round(QUEUES * scale)
  const client = await SoakSocket.open(target.port)
  const before = target.usage()
  report(describeUsage('before', target))
  const started = performance.now()
  await callAll(client, count, (queue) => methodFrame(1, 'queue.declare', { queue, durable: true }))
  report(`declared ${(count / ((performance.now() - started) / 1000)).toFixed(0)} queues/s`)
  const declared = target.usage()
  report(describeUsage(`${count} queues`, target))
  for (let index = 0; index < count; index++)
    await client.write(publishFrames(1, nameOf(index), 100))
  await client.readyCount(1, nameOf(count - 1))
  report(describeUsage('with a message each', target))
  await callAll(client, count, (queue) => methodFrame(1, 'queue.delete', { queue }))
  report(describeUsage('all deleted', target))
  await client.close()
  const perQueue = ((declared.megabytes - before.megabytes) * 1000) / count
  report(`${perQueue.toFixed(2)} kB per queue`)
  expectAtMost('kB per queue', perQueue, KB_PER_QUEUE_MAX)
  expectAtMost('handles', declared.handles - before.handles, HANDLES_MAX)
}

function nameOf(index: number): string {
  return `soak-${index}`
}

/** Sends a method per queue and waits for all answers. */
async function callAll(
  client: SoakSocket,
  count: number,
  frame: (queue: string) => Buffer,
): Promise<void> {
  for (let index = 0; index < count; index++) await client.write(frame(nameOf(index)))
  for (let index = 0; index < count; index++) await client.answer()
}
