// What Kafka clients see of a broker that was restored from a backup, when they know what came after it.
import assert from 'node:assert/strict'
import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { BrokerClient } from '../../src/cli/broker-client.ts'
import { takeBackup } from '../../src/cli/take-backup.ts'
import { kafkaErrors } from '../../src/codec/kafka/error-codes.gen.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { restoreBackup } from '../../src/log/backup/restore.ts'
import { createSystemDisk } from '../../src/log/file/system-disk.ts'
import { fetchFromStart, fetchRequest } from '../support/fetch-request.ts'
import { batchOfRecords, KafkaFixture } from '../support/kafka-fixture.ts'

const topic = 'events'

class Client {
  readonly kafka: KafkaFixture

  constructor(kafka: KafkaFixture) {
    this.kafka = kafka
  }

  /** One record of a producer, or of nobody; its offset. */
  async produce(value: string, producer = {}): Promise<number> {
    const { errorCode, baseOffset } = await this.send(value, producer)
    assert.equal(errorCode, 0)
    return baseOffset
  }

  send(
    value: string,
    producer: Parameters<typeof batchOfRecords>[2],
  ): ReturnType<KafkaFixture['produce']> {
    return this.kafka.produce(topic, batchOfRecords([{ value }], 'none', producer))
  }

  async newProducer(): Promise<number> {
    const request = {
      transactionalId: null,
      transactionTimeoutMs: 0,
      producerId: -1,
      producerEpoch: -1,
    }
    const { producerId = -1 } = await this.kafka.client.call('initProducerId', request)
    return producerId
  }

  /** The current leader epoch. */
  async epoch(): Promise<number> {
    const { topics } = await this.kafka.client.call(
      'metadata',
      {
        topics: [{ name: topic, topicId: '00000000-0000-0000-0000-000000000000' }],
        allowAutoTopicCreation: false,
        includeClusterAuthorizedOperations: false,
        includeTopicAuthorizedOperations: false,
      },
      9,
    )
    return topics[0]?.partitions[0]?.leaderEpoch ?? -1
  }

  /** Where a client that has read records of an epoch is told that these end. */
  async endOf(leaderEpoch: number): Promise<number> {
    const { topics } = await this.kafka.client.call('offsetForLeaderEpoch', {
      replicaId: -1,
      topics: [{ topic, partitions: [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch }] }],
    })
    return topics[0]?.partitions[0]?.endOffset ?? -2
  }

  /** What a fetch of somebody who knows this leader epoch is answered. */
  async fetch(currentLeaderEpoch: number): Promise<number | undefined> {
    const { partitions, ...rest } = fetchFromStart(topic, 1000)
    const asked = partitions.map((partition) => ({ ...partition, currentLeaderEpoch }))
    const limits = { maxWaitMs: 0, minBytes: 0, maxBytes: 1000 }
    const request = fetchRequest([{ ...rest, partitions: asked }], limits)
    const { responses } = await this.kafka.client.call('fetch', request, 12)
    return responses[0]?.partitions[0]?.errorCode
  }
}

/** Lets `use` work with a broker on the folder. */
async function withBroker(data: string, use: (client: Client) => Promise<void>): Promise<void> {
  await using kafka = await KafkaFixture.start({ storage: 'file', data })
  await use(new Client(kafka))
}

async function restore(backup: string, data: string, now: number): Promise<void> {
  const source = createReadStream(backup)
  await restoreBackup({ disk: createSystemDisk(), path: data, source, now, random: systemRandom })
}

/** Who knows an epoch of before has to ask anew, and is told that it ends at `end`. */
async function expectEnds(client: Client, epochs: readonly number[], end: number): Promise<void> {
  const epoch = await client.epoch()
  for (const known of epochs) {
    assert.ok(epoch > known, `epoch ${epoch} is no later than ${known}`)
    assert.equal(await client.fetch(known), kafkaErrors.FENCED_LEADER_EPOCH.code)
    assert.equal(await client.endOf(known), end)
  }
}

test('clients are told what a restore has taken, and get no id twice', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'pabal-restored-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const data = path.join(folder, 'data')
  const backup = path.join(folder, 'backup.tar')
  /** What clients have seen of each broker. */
  const epochs: number[] = []
  const ids = new Set<number>()
  const takeId = async (client: Client): Promise<number> => {
    const id = await client.newProducer()
    assert.ok(!ids.has(id), `producer id ${id} is there twice`)
    ids.add(id)
    return id
  }

  let producer = { producerId: -1, producerEpoch: 0 }
  await withBroker(data, async (client) => {
    await client.kafka.createTopic(topic)
    producer = { producerId: await takeId(client), producerEpoch: 0 }
    const send = (baseSequence: number): Promise<number> =>
      client.produce('value', { ...producer, baseSequence })
    for (const sequence of [0, 1, 2]) await send(sequence)
    const broker = new BrokerClient(data)
    await takeBackup({ broker, target: backup, rate: undefined, print: () => undefined })
    for (const sequence of [3, 4, 5, 6]) await send(sequence)
    // More than were reserved when the backup was taken.
    for (let count = 0; count < 1500; count++) await takeId(client)
    epochs.push(await client.epoch())
    assert.equal(await client.endOf(epochs[0]!), 7)
  })
  await withBroker(data, async (client) => {
    epochs.push(await client.epoch())
  })

  const now = Date.now()
  const restored = path.join(folder, 'restored')
  await restore(backup, restored, now)
  await withBroker(restored, async (client) => {
    await expectEnds(client, epochs, 3)
    await takeId(client)
    const late = await client.send('late', { ...producer, baseSequence: 7 })
    assert.equal(late.errorCode, kafkaErrors.OUT_OF_ORDER_SEQUENCE_NUMBER.code)
    // With more records than there have been, a position is no proof.
    for (let count = 0; count < 10; count++) await client.produce('restored')
    await expectEnds(client, epochs, 3)
    assert.equal(await client.endOf(await client.epoch()), 13)
  })
  await withBroker(restored, async (client) => {
    await expectEnds(client, epochs, 3)
    await takeId(client)
    epochs.push(await client.epoch(), (await client.epoch()) - 1)
    assert.equal(await client.endOf(epochs[2]!), 13)
  })

  // Of that nobody knows when the same backup is restored once more.
  const second = path.join(folder, 'second')
  await restore(backup, second, now + 5000)
  await withBroker(second, async (client) => {
    await expectEnds(client, epochs, 3)
    await takeId(client)
  })
})
