// What a connection may cost the broker, and what it may count on.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Logger, silentLogger } from '../../../src/lib/logger.ts'
import { kafkaLimits } from '../../../src/limits/kafka.ts'
import { seededRandom } from '../../../src/testing/seeded-random.ts'
import { collectGarbage } from '../../support/collect-garbage.ts'
import { fetchFromStart, fetchRequest } from '../../support/fetch-request.ts'
import { batchOfRecords, KafkaFixture } from '../../support/kafka-fixture.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { waitFor } from '../../support/wait-for.ts'

const names = { clientSoftwareName: 'test', clientSoftwareVersion: '1' }

describe('a Kafka connection', () => {
  it('is answered again after others had much on its way to the disk', async () => {
    const chaos = { random: seededRandom(1), delayMsMax: 400 }
    await using kafka = await KafkaFixture.start({ storage: chaos })
    await using other = await KafkaRawClient.connect(kafka.kafkaPort)
    await kafka.createTopic('large', { 'max.message.bytes': '30000000' })
    const batch = batchOfRecords([{ value: 'x'.repeat(12_000_000) }])
    const produced = Promise.all([1, 2, 3, 4].map(() => kafka.produce('large', batch)))
    for (let calls = 0; calls < 500; calls++) await other.call('apiVersions', names)
    for (const { errorCode } of await produced) assert.equal(errorCode, 0)
  })

  it('has few answers made that wait behind a long poll', async () => {
    await using kafka = await KafkaFixture.start()
    await kafka.createTopic('empty')
    await using client = await KafkaRawClient.connect(kafka.kafkaPort)
    const topics = [fetchFromStart('empty', 1_000_000)]
    const poll = fetchRequest(topics, { maxWaitMs: 2000, minBytes: 1, maxBytes: 1_000_000 })
    const partitionIndexes = Array.from({ length: 25_000 }, (_, index) => index)
    const offsets = { groupId: 'g', topics: [{ name: 'empty', partitionIndexes }] }
    collectGarbage()
    const before = process.memoryUsage().arrayBuffers
    const start = performance.now()
    client.send(client.encode('fetch', poll, 12).bytes)
    const count = 90
    for (let n = 0; n < count; n++)
      client.send(client.encode('offsetFetch', offsets as never, 7).bytes)
    await waitFor(
      'much is made',
      () => client.answers.length === 0 && performance.now() > start + 700,
    )
    collectGarbage()
    const grown = process.memoryUsage().arrayBuffers - before
    assert.equal(client.answers.length, 0)
    await waitFor('all are answered', () => client.answers.length === count + 1)
    const size = client.answers[1]?.length ?? 0
    assert.ok(size > 400_000, `an answer of ${size} bytes`)
    assert.ok(grown < 30 * size, `${grown} bytes for answers of ${size}`)
  })

  it('may not send much before it has logged in', async () => {
    await using kafka = await KafkaFixture.start({ user: 'user', password: 'password' })
    await using stranger = await KafkaRawClient.connect(kafka.kafkaPort)
    const size = Buffer.alloc(4)
    size.writeInt32BE(kafkaLimits.kafkaLoginSizeMax + 1)
    stranger.send(size)
    await waitFor('the broker hangs up', () => stranger.isClosed)
    await using client = await KafkaRawClient.connect(kafka.kafkaPort)
    await client.call('saslHandshake', { mechanism: 'PLAIN' })
    const authBytes = Buffer.from('\0user\0password')
    assert.equal((await client.call('saslAuthenticate', { authBytes })).errorCode, 0)
    const batch = batchOfRecords([{ value: 'x'.repeat(kafkaLimits.kafkaLoginSizeMax) }])
    const topicData = [
      { name: 'absent', topicId: '', partitionData: [{ index: 0, records: batch }] },
    ]
    const produce = { transactionalId: null, acks: -1, timeoutMs: 1000, topicData }
    const { responses } = await client.call('produce', produce, 12)
    assert.equal(responses[0]?.partitionResponses[0]?.errorCode, 3)
  })

  it('is not locked out by others that never log in', async () => {
    await using kafka = await KafkaFixture.start({ user: 'user', password: 'password' })
    const { client: first, kafkaPort } = kafka
    const strangers = await Promise.all(
      Array.from({ length: kafkaLimits.kafkaStrangersMax }, () =>
        KafkaRawClient.connect(kafkaPort),
      ),
    )
    await waitFor('the oldest has to go', () => first.isClosed)
    await using client = await KafkaRawClient.connect(kafkaPort)
    await client.call('saslHandshake', { mechanism: 'PLAIN' })
    const authBytes = Buffer.from('\0user\0password')
    assert.equal((await client.call('saslAuthenticate', { authBytes })).errorCode, 0)
    for (const stranger of strangers) stranger.destroy()
  })

  it('is told to come back to the address it came to, where the broker listens on all', async () => {
    const login = { user: 'user', password: 'password' }
    await using kafka = await KafkaFixture.start({ host: '0.0.0.0', ...login })
    const { client, kafkaPort: port } = kafka
    await client.call('saslHandshake', { mechanism: 'PLAIN' })
    await client.call('saslAuthenticate', { authBytes: Buffer.from('\0user\0password') })
    const none = {
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    }
    const { brokers } = await client.call('metadata', { topics: [], ...none })
    assert.deepEqual(brokers, [{ nodeId: 1, host: '127.0.0.1', port, rack: null }])
    const group = { key: 'group', keyType: 0, coordinatorKeys: [] }
    const found = await client.call('findCoordinator', group, 3)
    assert.deepEqual([found.host, found.port], ['127.0.0.1', port])
  })

  it('is no reason for a warning when it asks for metadata only, at the advertised address', async () => {
    const names = { topics: [], allowAutoTopicCreation: false }
    const none = {
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    }
    for (const [kafkaAdvertised, expected] of [
      [undefined, 0],
      ['localhost:1', 1],
    ] as const) {
      const warnings: string[] = []
      const logger: Logger = {
        ...silentLogger,
        warn: (...line) => void warnings.push(JSON.stringify(line)),
        child: () => logger,
      }
      await using kafka = await KafkaFixture.start({ logger, kafkaAdvertised })
      for (let visit = 0; visit < 5; visit++) {
        await using client = await KafkaRawClient.connect(kafka.kafkaPort)
        await client.call('metadata', { ...names, ...none })
      }
      // Whatever the visits led to, it has come by the time that others are answered.
      await kafka.client.call('metadata', { ...names, ...none })
      if (expected > 0) await waitFor('the warning', () => warnings.length >= expected)
      const told = warnings.filter((warning) => warning.includes('do not come there'))
      assert.equal(told.length, expected, String(warnings))
    }
  })

  it('has few fetches at a time, however many it sends', async () => {
    await using kafka = await KafkaFixture.start()
    await kafka.createTopic('polled')
    const rest = { maxWaitMs: 100, minBytes: 1, maxBytes: 1000 }
    const fetch = fetchRequest([fetchFromStart('polled', rest.maxBytes)], rest)
    // One that goes meanwhile is noticed at once.
    await using hasty = await KafkaRawClient.connect(kafka.kafkaPort)
    const patient = { ...fetch, maxWaitMs: 300_000 }
    for (let sent = 0; sent <= kafkaLimits.kafkaFetchesInFlightMax; sent++) {
      hasty.send(hasty.encode('fetch', patient, 12).bytes)
    }
    hasty.end()
    await waitFor('the broker hangs up', () => hasty.isClosed)
    const started = performance.now()
    const count = 3 * kafkaLimits.kafkaFetchesInFlightMax
    await Promise.all(Array.from({ length: count }, () => kafka.client.call('fetch', fetch, 12)))
    // All at once they would take 100 ms together.
    assert.ok(performance.now() - started >= 250)
  })

  it('ends with the answer to a login that is refused', async () => {
    await using kafka = await KafkaFixture.start({ user: 'user', password: 'password' })
    const { client } = kafka
    await client.call('saslHandshake', { mechanism: 'PLAIN' })
    const started = performance.now()
    const authBytes = Buffer.from('\0user\0wrong')
    const { errorCode, errorMessage } = await client.call('saslAuthenticate', { authBytes })
    assert.equal(errorCode, 58)
    assert.match(errorMessage ?? '', /Invalid username or password/)
    assert.ok(
      performance.now() - started >= kafkaLimits.kafkaRefusedLoginMs - 5,
      'no quick guessing',
    )
    await waitFor('the broker hangs up', () => client.isClosed)
  })
})
