// Offsets by time, where messages lie in queues and bodies in files of their own.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { kafkaErrors } from '../../../src/codec/kafka/error-codes.gen.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { batchOfRecords, KafkaFixture } from '../../support/kafka-fixture.ts'
import { waitFor } from '../../support/wait-for.ts'

describe('ListOffsets', () => {
  it('finds messages whose large bodies are not in memory', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pabal-offsets-'))
    try {
      await using kafka = await KafkaFixture.start({ storage: 'file', data: folder })
      await using session = await AmqpSession.open(kafka.amqpUrl)
      const channel = await session.confirmChannel()
      await channel.assertQueue('work', { durable: true })
      const before = Date.now()
      // More than stay in memory.
      for (let index = 0; index < 12; index++) {
        channel.sendToQueue('work', Buffer.alloc(2 ** 21), { persistent: true })
      }
      await channel.waitForConfirms()
      const found = await kafka.findOffset('work', before)
      assert.equal(found.offset, 0)
      assert.ok(found.timestamp >= before)
      assert.equal((await kafka.findOffset('work', Date.now() + 60_000)).offset, -1)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('goes on after messages of a queue that are settled', async () => {
    await using kafka = await KafkaFixture.start()
    await using session = await AmqpSession.open(kafka.amqpUrl)
    const channel = await session.channel()
    await channel.assertQueue('jobs', { durable: true })
    await kafka.produce('jobs', batchOfRecords([{ timestamp: 1000 }, { timestamp: 5000 }]))
    await kafka.produce('jobs', batchOfRecords([{ timestamp: 2000 }]))
    await kafka.produce('jobs', batchOfRecords([{ timestamp: 9000 }]))
    assert.deepEqual(await kafka.findOffset('jobs', 5000), { offset: 1, timestamp: 5000 })
    const seen: number[] = []
    await channel.consume('jobs', (message) => {
      if (message === null) return
      seen.push(message.fields.deliveryTag)
      if (seen.length === 2) channel.ack(message)
    })
    await waitFor('all are delivered', () => seen.length === 4)
    const offsetOf = async (): Promise<number> => (await kafka.findOffset('jobs', 5000)).offset
    await waitFor('the second is settled', async () => (await offsetOf()) !== 1)
    assert.deepEqual(await kafka.findOffset('jobs', 5000), { offset: 3, timestamp: 9000 })
  })

  it('knows special timestamps from the version on that Kafka has them in, and each partition once', async () => {
    await using kafka = await KafkaFixture.start()
    await kafka.createTopic('t')
    await kafka.produce('t', batchOfRecords([{ timestamp: 1000 }, { timestamp: 500 }]))
    const ask = async (timestamps: readonly number[], version: number): Promise<unknown> => {
      const partitions = timestamps.map((timestamp) => {
        return { partitionIndex: 0, currentLeaderEpoch: -1, timestamp }
      })
      const asked = { replicaId: -1, isolationLevel: 0, timeoutMs: 0 }
      const topics = [{ name: 't', partitions }]
      const answer = await kafka.client.call('listOffsets', { ...asked, topics }, version)
      return answer.topics[0]?.partitions.map(({ errorCode, offset }) => [errorCode, offset])
    }
    const { code: unsupported } = kafkaErrors.UNSUPPORTED_VERSION
    const { code: invalid } = kafkaErrors.INVALID_REQUEST
    const since = new Map([
      [-1, [1, 2]],
      [-2, [1, 0]],
      [-3, [7, 0]],
      [-4, [8, 0]],
      [-5, [9, -1]],
      [-6, [11, -1]],
    ] as const)
    for (const [timestamp, [version, offset]] of since) {
      assert.deepEqual(await ask([timestamp], version), [[0, offset]], `${timestamp}`)
      if (version > 1) assert.deepEqual(await ask([timestamp], version - 1), [[unsupported, -1]])
    }
    assert.deepEqual(await ask([-7], 11), [[unsupported, -1]])
    assert.deepEqual(await ask([-1, -2], 11), [
      [invalid, -1],
      [invalid, -1],
    ])
  })
})
