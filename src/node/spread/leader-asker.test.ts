import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resetTargets } from '../../broker/group/reset-targets.ts'
import { RemotePartition } from '../../broker/topic/remote-partition.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { CallError } from '../calls/call-error.ts'
import type { CellCalls } from '../calls/cell-calls.ts'
import { LeaderAsker } from './leader-asker.ts'

const facts = { epoch: 3, startOffset: 1, endOffset: 5, stableOffset: 5, size: 10 }

/** Partition 0 is led by cell 1, which answers; partition 1 by cell 2. */
function topicOfTwo(): Topic {
  const partitions = [1, 2].map((cell) => ({ remote: new RemotePartition(cell) }))
  const topic = { name: 't', topicId: 'id', spread: 3, partitions } as unknown as Topic
  return Object.assign(topic, { topic })
}

function askerWith(answer: (cell: number, name: string) => Promise<unknown>): LeaderAsker {
  const call = async (cell: number, name: string): Promise<object> => {
    return { content: await answer(cell, name), body: Buffer.alloc(0) }
  }
  return new LeaderAsker({ call } as unknown as CellCalls, new VirtualClock())
}

const away = (): Promise<never> => Promise.reject(new CallError('unreachable', 'it is away'))

test('a look brings up to date what leaders say that answer', async () => {
  const topic = topicOfTwo()
  const asker = askerWith((cell) =>
    cell === 1 ? Promise.resolve([{ topicId: 'id', partitions: [[0, facts]] }]) : away(),
  )
  await asker.look([topic])
  assert.deepEqual(topic.partitions[0]?.remote?.facts, facts)
  assert.equal(topic.partitions[1]?.remote?.facts.epoch, -1)
})

test('a look waits for nobody for long', async () => {
  const clock = new VirtualClock()
  const call = (): Promise<never> => new Promise(() => undefined)
  const asker = new LeaderAsker({ call }, clock)
  const looked = asker.look([topicOfTwo()])
  clock.advance(clusterHttpLimits.gatherMs)
  await looked
})

test('a reset is refused where a leader does not answer, and says so', async () => {
  const topic = topicOfTwo()
  const leaders = askerWith((cell) =>
    cell === 1 ? Promise.resolve([{ partition: 0, offset: 4, time: 9 }]) : away(),
  )
  const context = { leaders } as unknown as Parameters<typeof resetTargets>[0]
  const place = { kind: 'time', time: 9 } as const
  const found = await resetTargets(context, topic, { place, partition: 0 })
  assert.deepEqual(found, [{ topic: 't', partition: 0, offset: 4, time: 9 }])
  await assert.rejects(
    resetTargets(context, topic, { place }),
    /who leads a partition of 't' does not answer: try again \(it is away\)/,
  )
})

test('what nobody knows in time has no time', async () => {
  const topic = topicOfTwo()
  const asker = askerWith((cell) => (cell === 1 ? Promise.resolve([7]) : away()))
  const records = [1, 0].map((partition) => ({ topic, partition, offset: 0 }))
  assert.deepEqual(await asker.timesOf(records), [undefined, 7])
})
