// The well-behaved clients beside the hostile ones, on queues and a topic of their own. Consumers have to
// go on at any time; publishers may have to wait while memory is low. Whatever they were told is kept
// comes exactly once, and nothing else does.
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { Channel, ChannelModel, ConfirmChannel } from 'amqplib'
import { connect } from 'amqplib'
import { fetchFromStart, fetchRequest } from '../support/fetch-request.ts'
import { batchOfRecords } from '../support/kafka-fixture.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { valuesOf } from '../support/values-of-batches.ts'
import { waitFor, within } from '../support/wait-for.ts'

/** Messages are published here, and consumed. */
const queue = 'honest'
/** What is here is taken and given back. */
const storedQueue = 'honest-stored'
const topic = 'honest-topic'
/** Kafka's error for a produce that has to be tried again. */
const notEnoughReplicas = 19
const consumeMsMax = 10_000
/** While publishers are blocked, nobody can say for how long; attacks that block them end. */
const publishMsMax = 120_000
const deliverMsMax = 30_000

/** How long rounds took, in milliseconds. */
export interface Rounds {
  readonly kind: string
  count: number
  slowestMs: number
}

/** A connection whose end is noticed by whoever waits for an answer on it. */
async function quietly(connecting: Promise<ChannelModel>): Promise<ChannelModel> {
  const connection = await connecting
  connection.on('error', () => undefined)
  return connection
}

interface Parts {
  readonly connections: readonly ChannelModel[]
  readonly publisher: ConfirmChannel
  readonly consumer: Channel
  readonly producer: KafkaRawClient
  readonly reader: KafkaRawClient
}

export class HonestClients implements AsyncDisposable {
  readonly rounds: Rounds[] = []
  readonly #parts: Parts
  readonly #received: number[] = []
  #published = 0
  #produced = 0

  private constructor(parts: Parts) {
    this.#parts = parts
  }

  static async start(url: string, kafkaPort: number): Promise<HonestClients> {
    // Two of each: who publishes may not be read while memory is low.
    const connections = [await quietly(connect(url)), await quietly(connect(url))] as const
    const publisher = await connections[0].createConfirmChannel()
    const consumer = await connections[1].createChannel()
    for (const name of [queue, storedQueue]) await publisher.assertQueue(name, { durable: true })
    publisher.sendToQueue(storedQueue, Buffer.from('stored'), { persistent: true })
    await publisher.waitForConfirms()
    const producer = await KafkaRawClient.connect(kafkaPort)
    const reader = await KafkaRawClient.connect(kafkaPort)
    const honest = new HonestClients({ connections, publisher, consumer, producer, reader })
    const topics = [
      { name: topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
    ]
    const created = await producer.call('createTopics', {
      topics,
      timeoutMs: 5000,
      validateOnly: false,
    })
    assert.equal(created.topics[0]?.errorCode, 0)
    await honest.#consume()
    await honest.publishOnce()
    return honest
  }

  /** All of them go on with rounds until `isDone`. Rejects when one does not get its answer in time. */
  async runUntil(isDone: () => boolean): Promise<void> {
    await Promise.all([
      this.#repeat('AMQP consumer', isDone, () => this.#takeAndGiveBack()),
      this.#repeat('AMQP publisher', isDone, () => this.#publish()),
      this.#repeat('Kafka producer', isDone, () => this.#produce()),
      this.#repeat('Kafka consumer', isDone, async () => void (await this.#read(0))),
    ])
  }

  /** A message of each protocol is kept. */
  async publishOnce(): Promise<void> {
    const produced = this.#produced
    await this.#publish()
    await waitFor(
      'a record is kept',
      async () => {
        await this.#produce()
        return this.#produced > produced
      },
      publishMsMax,
    )
  }

  /** Everything that was confirmed has come or is there, once and in order, and nothing else. */
  async check(): Promise<void> {
    const expected = Array.from({ length: this.#published }, (_, index) => index)
    const hasAll = (): boolean => this.#received.length >= this.#published
    await waitFor('all messages have come', hasAll, deliverMsMax)
    assert.deepEqual(this.#received, expected, 'messages of the honest publisher')
    const { messageCount } = await this.#parts.consumer.checkQueue(queue)
    assert.equal(messageCount, 0)
    const values: string[] = []
    while (values.length < this.#produced) {
      const next = await this.#read(values.length)
      assert.ok(next.length > 0, `${values.length} of ${this.#produced} records`)
      values.push(...next)
    }
    const records = Array.from({ length: this.#produced }, (_, index) => String(index))
    assert.deepEqual(values, records, 'records of the honest producer')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { connections, producer, reader } = this.#parts
    const closed = connections.map((each) => each.close().catch(() => undefined))
    // With a broker that is gone they wait for nothing.
    await Promise.race([Promise.all(closed), delay(2000)])
    await producer[Symbol.asyncDispose]()
    await reader[Symbol.asyncDispose]()
  }

  async #repeat(kind: string, isDone: () => boolean, round: () => Promise<void>): Promise<void> {
    const rounds = { kind, count: 0, slowestMs: 0 }
    this.rounds.push(rounds)
    while (!isDone()) {
      const started = performance.now()
      await round()
      rounds.count++
      rounds.slowestMs = Math.max(rounds.slowestMs, performance.now() - started)
      await delay(20)
    }
  }

  async #consume(): Promise<void> {
    const { consumer } = this.#parts
    await consumer.consume(queue, (message) => {
      if (message === null) return
      this.#received.push(Number(message.content.toString()))
      consumer.ack(message)
    })
  }

  async #takeAndGiveBack(): Promise<void> {
    const { consumer } = this.#parts
    const message = await within('get', Promise.resolve(consumer.get(storedQueue)), consumeMsMax)
    assert.ok(message !== false, 'there is a message')
    consumer.nack(message, false, true)
  }

  async #publish(): Promise<void> {
    const { publisher } = this.#parts
    publisher.sendToQueue(queue, Buffer.from(String(this.#published)), { persistent: true })
    await within('a message is confirmed', publisher.waitForConfirms(), publishMsMax)
    this.#published++
  }

  /** A refusal that is to be tried again is none. */
  async #produce(): Promise<void> {
    const records = batchOfRecords([{ value: String(this.#produced) }])
    const topicData = [{ name: topic, topicId: '', partitionData: [{ index: 0, records }] }]
    const produce = { transactionalId: null, acks: -1, timeoutMs: 10_000, topicData }
    const { responses } = await this.#parts.producer.call('produce', produce, 9)
    const errorCode = responses[0]?.partitionResponses[0]?.errorCode
    if (errorCode === 0) this.#produced++
    else assert.equal(errorCode, notEnoughReplicas)
  }

  async #read(offset: number): Promise<string[]> {
    const limits = { maxWaitMs: 100, minBytes: 1, maxBytes: 10_000 }
    const { topic: name, topicId, partitions } = fetchFromStart(topic, 10_000)
    const from = partitions.map((partition) => ({ ...partition, fetchOffset: offset }))
    const fetch = fetchRequest([{ topic: name, topicId, partitions: from }], limits)
    const { responses } = await this.#parts.reader.call('fetch', fetch, 12)
    const records = responses[0]?.partitions[0]?.records ?? []
    return valuesOf(Buffer.isBuffer(records) ? records : Buffer.concat(records))
  }
}
