import assert from 'node:assert/strict'
import { test } from 'node:test'
import { within } from '../../../test/support/wait-for.ts'
import { noRights } from '../../auth/rights.ts'
import { Broker } from '../../broker/broker.ts'
import { PublishHold } from '../../broker/publish/publish-hold.ts'
import { kafkaErrors } from '../../codec/kafka/error-codes.gen.ts'
import { BatchWorker } from '../../crossing/batch-worker.ts'
import type { StartBatchThread } from '../../crossing/start-batch-thread.ts'
import { silentLogger } from '../../lib/logger.ts'
import { systemRandom } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { crossingLimits } from '../../limits/crossing.ts'
import { MemoryLogStore } from '../../log/memory/memory-log-store.ts'
import { RecordBatchBuilder } from '../../record/batch/batch-builder.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { ClientThrottle } from './client-throttle.ts'
import { KafkaAccess } from './kafka-access.ts'
import { ownTopics } from './led-topics.ts'
import { handleProduce } from './produce.ts'
import type { RequestContext } from './request-context.ts'

const { NONE, NOT_ENOUGH_REPLICAS, OUT_OF_ORDER_SEQUENCE_NUMBER, UNKNOWN_SERVER_ERROR } =
  kafkaErrors

/** The answer, while the broker's time goes on. */
async function settled<Value>(clock: VirtualClock, promise: Promise<Value>): Promise<Value> {
  const going = setInterval(() => clock.advance(1), 0)
  try {
    return await within('there is an answer', promise)
  } finally {
    clearInterval(going)
  }
}

interface Connected {
  readonly clock: VirtualClock
  readonly broker: Broker
  readonly batchWorker: BatchWorker
  /** Resolves to the error code. */
  readonly produce: (batch: Buffer, acks?: 0 | -1) => Promise<number>
  /** How many records were stored. */
  readonly storedCount: () => number
}

/** A connection to a broker with topic `t`. */
function connected(startThread: StartBatchThread): Connected {
  const clock = new VirtualClock()
  const turn = new Turn(clock)
  const store = new MemoryLogStore({ clock, turn })
  const options = { store, turn, clock, random: systemRandom, vhosts: [] }
  const broker = new Broker({ ...options, onDamaged: () => undefined })
  const topics = broker.topicsOf(broker.getVHost('/'))
  topics.create({ name: 't', partitionCount: 1, configs: {}, isProvisional: false })
  const client = {
    publishHold: new PublishHold(clock, broker.shortage),
    counters: { published: 0 },
    throttle: new ClientThrottle(broker, () => undefined),
    hasFailedProduce: false,
    failProduce(): void {
      this.hasFailedProduce = true
    },
    heldProduces: undefined as Promise<void> | undefined,
    async holdProduces(work: Promise<void>): Promise<void> {
      this.heldProduces = work.finally(() => {
        this.heldProduces = undefined
      })
      await this.heldProduces
    },
  }
  const batchWorker = new BatchWorker(clock, startThread)
  const access = new KafkaAccess()
  access.open(noRights, () => true)
  const context = {
    apiVersion: 12,
    access,
    broker,
    topics,
    led: ownTopics({ broker, topics } as unknown as Parameters<typeof ownTopics>[0]),
    client,
    batchWorker,
    clock,
    logger: silentLogger,
  } as unknown as RequestContext
  const produce = async (batch: Buffer, acks: 0 | -1 = -1): Promise<number> => {
    const topicData = [{ name: 't', topicId: '', partitionData: [{ index: 0, records: batch }] }]
    const request = { transactionalId: null, acks, timeoutMs: 1000, topicData }
    const answer = await handleProduce(request, context)
    return answer?.responses[0]?.partitionResponses[0]?.errorCode ?? NONE.code
  }
  return { clock, broker, batchWorker, produce, storedCount: () => client.counters.published }
}

/** A record of an idempotent producer, or of another without a sequence; a large one is for the thread. */
function batchAt(baseSequence: number, size: 'small' | 'large' = 'small'): Buffer {
  const value = Buffer.alloc(size === 'large' ? 4 * crossingLimits.decodedAtOnceSizeMax : 1)
  const builder = new RecordBatchBuilder(0)
  builder.append({ offset: 0, timestamp: 0, key: null, value, headers: [] })
  return builder.finish({
    producerId: baseSequence < 0 ? -1 : 7,
    producerEpoch: 0,
    baseSequence,
    ...(size === 'large' && { compression: 'gzip' as const }),
  })
}

const dyingThread: StartBatchThread = ({ onFailed }) => ({
  post: () => setImmediate(() => onFailed(new Error('the thread has died'))),
  terminate: () => undefined,
})

const noThread: StartBatchThread = () => assert.fail('no thread is needed')

test('a batch in flight behind the first of its producer is not stored when the thread dies of that', async () => {
  const { clock, produce } = connected(dyingThread)
  const first = batchAt(0, 'large')
  const codes = await settled(clock, Promise.all([produce(first), produce(batchAt(1))]))
  assert.deepEqual(codes, [UNKNOWN_SERVER_ERROR.code, OUT_OF_ORDER_SEQUENCE_NUMBER.code])
  for (const sequence of [0, 1]) {
    assert.equal(await settled(clock, produce(batchAt(sequence))), NONE.code)
  }
})

test('a batch behind the first of its producer is not stored when that waited too long for room', async () => {
  const { clock, broker, produce } = connected(noThread)
  broker.shortage.set('disk', true)
  assert.equal(await settled(clock, produce(batchAt(0))), NOT_ENOUGH_REPLICAS.code)
  broker.shortage.set('disk', false)
  assert.equal(await settled(clock, produce(batchAt(1))), OUT_OF_ORDER_SEQUENCE_NUMBER.code)
  for (const sequence of [0, 1]) {
    assert.equal(await settled(clock, produce(batchAt(sequence))), NONE.code)
  }
})

test('nothing is stored behind a batch whose failure ends the connection', async () => {
  const { clock, produce, storedCount } = connected(dyingThread)
  const sent = [produce(batchAt(0, 'large'), 0), produce(batchAt(-1)), produce(batchAt(-1), 0)]
  await settled(clock, Promise.all(sent))
  assert.equal(storedCount(), 0)
})

test('nothing is stored any more when the broker stops', async () => {
  const { clock, batchWorker, produce, storedCount } = connected(noThread)
  const large = batchAt(-1, 'large')
  const produced = Promise.all([produce(large), produce(batchAt(-1))])
  batchWorker.close()
  await settled(clock, produced)
  assert.equal(storedCount(), 0)
})
