// The well-behaved clients beside the hostile ones: one of AMQP, one of Kafka, each on a queue or topic of
// its own. Consumers have to go on at any time; publishers may have to wait while memory is low, and
// whatever they were told is kept has to be there.
import assert from 'node:assert/strict'
import type { Channel, ChannelModel, ConfirmChannel } from 'amqplib'
import { connect } from 'amqplib'
import { fetchFromStart, fetchRequest } from '../support/fetch-request.ts'
import { batchOfRecords } from '../support/kafka-fixture.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'

const queue = 'honest'
const topic = 'honest'
const stored = 50

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

export class HonestClients implements AsyncDisposable {
  readonly rounds: Rounds[] = []
  readonly #connection: ChannelModel
  readonly #publisher: ConfirmChannel
  readonly #consumer: Channel
  readonly #kafka: KafkaRawClient
  #published = 0
  #produced = 0

  private constructor(
    connection: ChannelModel,
    channels: { publisher: ConfirmChannel; consumer: Channel },
    kafka: KafkaRawClient,
  ) {
    this.#connection = connection
    this.#publisher = channels.publisher
    this.#consumer = channels.consumer
    this.#kafka = kafka
  }

  static async start(url: string, kafkaPort: number): Promise<HonestClients> {
    const connection = await quietly(connect(url))
    const publisher = await connection.createConfirmChannel()
    // Its own connection: publishers may not be read while memory is low.
    const consumer = await (await quietly(connect(url))).createChannel()
    await publisher.assertQueue(queue, { durable: true })
    for (let count = 0; count < stored; count++) {
      publisher.sendToQueue(queue, Buffer.from(`stored ${count}`), { persistent: true })
    }
    await publisher.waitForConfirms()
    const kafka = await KafkaRawClient.connect(kafkaPort)
    const honest = new HonestClients(connection, { publisher, consumer }, kafka)
    const topics = [
      { name: topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
    ]
    await kafka.call('createTopics', { topics, timeoutMs: 5000, validateOnly: false })
    return honest
  }

  /** All of them go on with rounds until `isDone`. Rejects when one does not get its answer. */
  async runUntil(isDone: () => boolean): Promise<void> {
    await Promise.all([
      this.#repeat('AMQP consumer', isDone, () => this.#consume()),
      this.#repeat('AMQP publisher', isDone, () => this.#publish()),
      this.#repeat('Kafka producer', isDone, () => this.#produce()),
    ])
  }

  /** Everything that was confirmed is there. */
  async check(): Promise<void> {
    const { messageCount } = await this.#consumer.checkQueue(queue)
    assert.equal(messageCount, stored + this.#published, 'messages of the honest publisher')
    const limits = { maxWaitMs: 1000, minBytes: 1, maxBytes: 1000 }
    const fetch = fetchRequest([fetchFromStart(topic, 1000)], limits)
    const { responses } = await this.#kafka.call('fetch', fetch, 12)
    const highWatermark = responses[0]?.partitions[0]?.highWatermark ?? 0
    assert.ok(highWatermark >= this.#produced, 'records of the honest producer')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { connection } of [this.#publisher, this.#consumer]) {
      await (connection as unknown as ChannelModel).close?.().catch(() => undefined)
    }
    await this.#connection.close().catch(() => undefined)
    await this.#kafka[Symbol.asyncDispose]()
  }

  async #repeat(kind: string, isDone: () => boolean, round: () => Promise<void>): Promise<void> {
    const rounds = { kind, count: 0, slowestMs: 0 }
    this.rounds.push(rounds)
    while (!isDone()) {
      const started = performance.now()
      await round()
      rounds.count++
      rounds.slowestMs = Math.max(rounds.slowestMs, performance.now() - started)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Takes a message and gives it back. */
  async #consume(): Promise<void> {
    const message = await this.#consumer.get(queue)
    assert.ok(message !== false, 'there is a message')
    this.#consumer.nack(message, false, true)
  }

  async #publish(): Promise<void> {
    this.#publisher.sendToQueue(queue, Buffer.alloc(1000, 'p'), { persistent: true })
    await this.#publisher.waitForConfirms()
    this.#published++
  }

  /** A refusal that is to be tried again is none. */
  async #produce(): Promise<void> {
    const records = batchOfRecords([{ value: 'p'.repeat(1000) }])
    const topicData = [{ name: topic, topicId: '', partitionData: [{ index: 0, records }] }]
    const produce = { transactionalId: null, acks: -1, timeoutMs: 10_000, topicData }
    const { responses } = await this.#kafka.call('produce', produce, 9)
    const errorCode = responses[0]?.partitionResponses[0]?.errorCode
    if (errorCode === 0) this.#produced++
    else assert.equal(errorCode, 19)
  }
}
