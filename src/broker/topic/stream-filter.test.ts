import assert from 'node:assert/strict'
import { it } from 'node:test'
import { batchOf } from '../../../test/support/crossing-run.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { BatchWorker } from '../../crossing/batch-worker.ts'
import { Crossing } from '../../crossing/crossing.ts'
import { systemClock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { topicLimits } from '../../limits/topic.ts'
import { MemoryLogStore } from '../../log/memory/memory-log-store.ts'
import { Broker } from '../broker.ts'
import { StreamConsumer } from './stream-consumer.ts'

it('a consumer that wants little of a long stream lets others have their turn', async () => {
  const turn = new Turn(systemClock)
  const converter = new Crossing({
    worker: new BatchWorker(systemClock),
    onUndecodable: (_log, _run, error) => assert.fail(error),
  })
  const store = new MemoryLogStore({ clock: systemClock, turn, converter })
  const broker = new Broker({
    store,
    turn,
    random: systemRandom,
    clock: systemClock,
    vhosts: [],
    onDamaged: (_queue, _offset, error) => assert.fail(error),
  })
  const topics = broker.topicsOf(broker.getVHost('/'))
  const asked = { name: 't', partitionCount: 1, configs: {}, isProvisional: false }
  const [partition] = topics.create(asked).topic.partitions
  const total = topicLimits.streamSkipsPerTurnMax * 2 + 100
  const [timestamp, value] = [systemClock.now(), Buffer.from('v')]
  const batch = batchOf(
    Array.from({ length: 100 }, (_, offset) => ({
      offset,
      timestamp,
      key: null,
      value,
      headers: [],
    })),
  ).bytes()
  while (partition!.log.endOffset < total) partition!.produce(Buffer.from(batch))
  await waitFor('records are durable', () => partition!.highWatermark >= total)

  const wanted = partition!.highWatermark - 1
  const delivered: number[] = []
  const looks: number[] = []
  const sink = {
    canTake: () => true,
    deliver: (_reader: unknown, { offset }: { offset: number }) => void delivered.push(offset),
    onCancelled: () => assert.fail('cancelled'),
  }
  const consumer: StreamConsumer = new StreamConsumer(
    topics.find('t')!.source as never,
    sink,
    {
      prefetch: 10,
      partition: undefined,
      start: { kind: 'first' },
      name: undefined,
      accepts({ offset }) {
        looks[looks.length - 1]!++
        return offset === wanted
      },
    },
    broker.streamContext,
  )
  const runTurn = consumer.runTurn.bind(consumer)
  consumer.runTurn = () => {
    looks.push(0)
    runTurn()
  }
  await waitFor('the one record', () => delivered.length > 0)
  assert.deepEqual(delivered, [wanted])
  assert.ok(looks.length >= 3, `took ${looks.length} turns`)
  assert.ok(Math.max(...looks) <= topicLimits.streamSkipsPerTurnMax + 1)
  await store.close()
})
