// What queues, their counts and readers make of transactions in the logs that they read.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AmqpSession } from '../../../test/support/amqp-session.ts'
import { BrokerInProcess } from '../../../test/support/broker-in-process.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { openTransactions } from '../../cell/open-transactions.ts'
import { silentLogger } from '../../lib/logger.ts'
import { RecordBatchBuilder } from '../../record/batch/batch-builder.ts'
import { defaultVHost } from '../broker.ts'
import type { Queue } from '../queue/queue.ts'
import type { Partition } from '../topic/partition.ts'
import { ProducerIds } from '../topic/producer-ids.ts'
import { whenDurable } from '../when-durable.ts'
import type { TransactionCoordinator } from './transaction-coordinator.ts'
import type { ProducerIdentity } from './transaction.ts'

let inProcess: BrokerInProcess
let transactions: TransactionCoordinator
let names = 0

before(async () => {
  inProcess = await BrokerInProcess.start()
  const { broker } = inProcess
  transactions = openTransactions({
    broker,
    vhost: broker.getVHost(defaultVHost),
    producerIds: new ProducerIds(broker.store, new Map()),
    members: [],
    state: new Map(),
    logger: silentLogger,
  })
})
after(async () => {
  transactions[Symbol.dispose]()
  assert.deepEqual(inProcess.bugs, [])
  await inProcess[Symbol.asyncDispose]()
})

/** A producer with one transaction after the other. */
class Producer {
  readonly id: string = `producer ${names++}`
  readonly #sequences = new Map<string, number>()
  #identity: ProducerIdentity = { producerId: -1, epoch: -1 }

  static async open(): Promise<Producer> {
    const producer = new Producer()
    const asked = { transactionalId: producer.id, timeoutMs: 60_000, claimed: undefined }
    producer.#identity = await transactions.initProducer(asked)
    return producer
  }

  async produce(topic: string, ...values: string[]): Promise<number> {
    const partition = partitionOf(topic)
    const { producerId, epoch } = this.#identity
    const part = { topic, partition: 0, logId: partition.log.id }
    transactions.addPartitions({ ...this.#identity, transactionalId: this.id }, [part], 2)
    const builder = new RecordBatchBuilder(0)
    values.forEach((value, offset) => {
      const timestamp = Date.now()
      builder.append({ offset, timestamp, key: null, value: Buffer.from(value), headers: [] })
    })
    const key = `${topic}/${epoch}`
    const baseSequence = this.#sequences.get(key) ?? 0
    this.#sequences.set(key, baseSequence + values.length)
    const batch = builder.finish({
      producerId,
      producerEpoch: epoch,
      baseSequence,
      isTransactional: true,
    })
    const produced = partition.produce(batch)
    assert.ok(produced !== 'large')
    await whenDurable(produced.ticket)
    return produced.baseOffset
  }

  async end(isCommit: boolean): Promise<void> {
    const asked = { from: this.#identity, isCommit, version: 2 } as const
    this.#identity = await transactions.end(this.id, asked)
  }
}

function partitionOf(topic: string): Partition {
  const { broker } = inProcess
  return broker.topicsOf(broker.getVHost(defaultVHost)).find(topic)!.partitions[0]!
}

function queueOf(name: string): Queue {
  const { broker } = inProcess
  const found = broker.getVHost(defaultVHost).findQueue(name)
  assert.equal(found?.kind, 'queue')
  return found
}

async function declare(args: object = {}): Promise<{ name: string; session: AmqpSession }> {
  const name = `queue-${names++}`
  const session = await AmqpSession.open(`amqp://127.0.0.1:${inProcess.port}`)
  await (await session.channel()).assertQueue(name, { arguments: args })
  return { name, session }
}

/** Takes what is ready, and acks it. */
async function takeAll(session: AmqpSession, name: string): Promise<string[]> {
  const channel = await session.channel()
  const texts: string[] = []
  for (;;) {
    const message = await channel.get(name, { noAck: true })
    if (message === false) return texts
    texts.push(message.content.toString())
  }
}

for (const kind of ['its own log', 'a topic'] as const) {
  describe(`a queue over ${kind}`, () => {
    async function open(): Promise<{ topic: string; name: string; session: AmqpSession }> {
      if (kind === 'its own log') {
        const { name, session } = await declare()
        return { topic: name, name, session }
      }
      const source = await declare({ 'x-queue-type': 'stream' })
      const { name, session } = await declare({ 'x-source': source.name })
      await source.session[Symbol.asyncDispose]()
      return { topic: source.name, name, session }
    }

    it('has what a transaction wrote once that is committed, and none of what is aborted', async () => {
      const { topic, name, session } = await open()
      await using _ = session
      const [one, two] = [await Producer.open(), await Producer.open()]
      await one.produce(topic, 'a', 'b')
      assert.equal(queueOf(name).messageCount, 0)
      await two.produce(topic, 'x')
      await one.produce(topic, 'c')
      assert.deepEqual(await takeAll(session, name), [])
      await two.end(false)
      assert.equal(queueOf(name).messageCount, 0)
      await one.end(true)
      await waitFor('three are there', () => queueOf(name).messageCount === 3)
      assert.deepEqual(await takeAll(session, name), ['a', 'b', 'c'])
      assert.equal(queueOf(name).messageCount, 0)
    })

    it('keeps the order of what is published beside an open transaction', async () => {
      const { topic, name, session } = await open()
      await using _ = session
      const channel = await session.confirmChannel()
      channel.sendToQueue(topic, Buffer.from('before'))
      await channel.waitForConfirms()
      const producer = await Producer.open()
      await producer.produce(topic, 'inside')
      channel.sendToQueue(topic, Buffer.from('after'))
      await channel.waitForConfirms()
      await waitFor('one is there', () => queueOf(name).messageCount === 1)
      assert.deepEqual(await takeAll(session, name), ['before'])
      await producer.end(true)
      await waitFor('two are there', () => queueOf(name).messageCount === 2)
      assert.deepEqual(await takeAll(session, name), ['inside', 'after'])
    })

    it('has consumers that see committed records only', async () => {
      const { topic, name, session } = await open()
      await using _ = session
      const channel = await session.channel()
      const texts: string[] = []
      await channel.consume(name, (message) => {
        if (message === null) return
        texts.push(message.content.toString())
        channel.ack(message)
      })
      const [one, two] = [await Producer.open(), await Producer.open()]
      for (let round = 0; round < 5; round++) {
        await one.produce(topic, `${round}`)
        await two.produce(topic, `aborted ${round}`)
        await two.end(false)
        await one.end(true)
      }
      await waitFor('all have come', () => texts.length === 5)
      assert.deepEqual(texts, ['0', '1', '2', '3', '4'])
      await waitFor('all are acked', () => queueOf(name).messageCount === 0)
    })
  })
}

it('a queue never shows what was aborted, whatever its readers have passed over before', async () => {
  const { name, session } = await declare()
  const [first, second] = [await Producer.open(), await Producer.open()]
  await first.produce(name, 'a')
  await second.produce(name, 'b')
  // As after a restart: where their records are is not known, so they are not acked.
  for (const open of partitionOf(name).transactions?.open() ?? []) open.ranges = undefined
  await first.end(false)
  // Whoever looks for a message comes to the records of the other one.
  assert.deepEqual(await takeAll(session, name), [])
  await second.end(false)
  assert.deepEqual(await takeAll(session, name), [])
  await session[Symbol.asyncDispose]()
})

it('a queue is full with what open transactions have, and with what is published behind them', async () => {
  const { name, session } = await declare({ 'x-max-length': 3, 'x-overflow': 'reject-publish' })
  await using _ = session
  const channel = await session.confirmChannel()
  const publish = async (): Promise<boolean> => {
    channel.sendToQueue(name, Buffer.from('m'))
    return channel.waitForConfirms().then(
      () => true,
      () => false,
    )
  }
  const producer = await Producer.open()
  await producer.produce(name, 'a', 'b')
  assert.equal(await publish(), true)
  assert.equal(await publish(), false, 'two and one are three')
  await assert.rejects(producer.produce(name, 'c'), /no room/)
  await producer.end(false)
  assert.equal(queueOf(name).messageCount, 1)
  assert.equal(await publish(), true)
})

it('a coordinator cannot end what a later one has ended before', async () => {
  const { name, session } = await declare()
  const { store } = inProcess.broker
  const producer = await Producer.open()
  await producer.produce(name, 'a')
  await producer.end(true)
  await producer.produce(name, 'b')
  const partition = partitionOf(name)
  const [open] = partition.transactions!.open()
  const end = { producerId: open!.producerId, epoch: 9, isCommit: true }
  store.beginAtom()
  const isEnded = partition.endTransaction({ ...end, coordinatorEpoch: store.epoch - 1 })
  store.endAtom()
  assert.equal(isEnded, false)
  await producer.end(false)
  assert.deepEqual(await takeAll(session, name), ['a'])
  await session[Symbol.asyncDispose]()
})

describe('a stream', () => {
  it('shows committed records, in the order of their offsets', async () => {
    const { name, session } = await declare({ 'x-queue-type': 'stream' })
    await using _ = session
    const channel = await session.channel()
    await channel.prefetch(100)
    const texts: string[] = []
    const from = { arguments: { 'x-stream-offset': 'first' } }
    const onMessage = (message: { content: Buffer } | null): unknown =>
      message && texts.push(message.content.toString())
    await channel.consume(name, onMessage, from)
    const [one, two] = [await Producer.open(), await Producer.open()]
    await one.produce(name, 'a')
    await two.produce(name, 'x')
    await two.end(false)
    await two.produce(name, 'b')
    await two.end(true)
    assert.equal(partitionOf(name).lastStableOffset, 0)
    assert.deepEqual(texts, [])
    await one.end(true)
    await waitFor('two have come', () => texts.length === 2)
    assert.deepEqual(texts, ['a', 'b'])
  })
})
