// Permissions that change while Kafka clients are connected, and what clients that others wrote say of refusals.
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import type { FetchRequest, PartitionData } from '../../../src/codec/kafka/messages/fetch.gen.ts'
import { memoryLimits } from '../../../src/limits/memory.ts'
import { KafkaConnection } from '../../../src/server/kafka/kafka-connection.ts'
import { RecordWatch } from '../../../src/server/kafka/record-watch.ts'
import { fetchFromStart, fetchRequest } from '../../support/fetch-request.ts'
import { batchOfRecords } from '../../support/kafka-fixture.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import {
  kafkaPassword,
  kafkaUser,
  KafkaWithUsers,
  loginOn,
} from '../../support/kafka-with-users.ts'
import { waitFor, within } from '../../support/wait-for.ts'

const code = { none: 0, topic: 29, group: 30, saslFailed: 58 } as const
const byName = { produce: 12, fetch: 12 } as const
const hasKcat: boolean = spawnSync('kcat', ['-V']).stdout?.includes('sasl') ?? false
const isRequired: boolean = process.env['PABAL_REQUIRE_ALL'] === '1'

let kafka: KafkaWithUsers
before(async () => {
  kafka = await KafkaWithUsers.start()
})
after(() => kafka[Symbol.asyncDispose]())
beforeEach(async () => {
  await kafka.putUser()
  await kafka.createTopic('t')
  await kafka.createTopic('u')
})
afterEach(async () => {
  await kafka.deleteTopic('t')
  await kafka.deleteTopic('u')
})

/** By guest. */
async function produce(value: string, topic = 't'): Promise<void> {
  const partitionData = [{ index: 0, records: batchOfRecords([{ value }]) }]
  const topicData = [{ name: topic, topicId: zeroUuid, partitionData }]
  const request = { transactionalId: null, acks: -1, timeoutMs: 1000, topicData }
  const { responses } = await kafka.all.call('produce', request, byName.produce)
  assert.equal(responses[0]?.partitionResponses[0]?.errorCode, code.none)
}

async function fetch(
  client: KafkaRawClient,
  limits: Pick<FetchRequest, 'maxWaitMs' | 'minBytes'>,
  topics: readonly string[] = ['t'],
): Promise<readonly PartitionData[]> {
  const asked = topics.map((topic) => fetchFromStart(topic, 10_000))
  const request = fetchRequest(asked, { ...limits, maxBytes: 10_000 })
  const { responses } = await client.call('fetch', request, byName.fetch)
  return responses.flatMap(({ partitions }) => partitions)
}

const sizeOf = ({ records }: PartitionData): number => Buffer.concat([records ?? []].flat()).length
const atOnce = { maxWaitMs: 0, minBytes: 1 }

describe('the right to read', () => {
  it('that is taken stops a consumer on its connection, and that is given lets it go on', async () => {
    await kafka.grant({ read: '^t$' })
    await produce('one')
    await using client = await kafka.login()
    const [before] = await fetch(client, atOnce)
    assert.equal(before?.errorCode, code.none)
    assert.ok(before !== undefined && sizeOf(before) > 0)
    await kafka.grant({ write: '^t$' })
    const [between] = await fetch(client, { maxWaitMs: 10_000, minBytes: 1 })
    assert.deepEqual([between?.errorCode, between && sizeOf(between)], [code.topic, 0])
    await kafka.grant({ read: '^t$' })
    const [after] = await fetch(client, atOnce)
    assert.deepEqual([after?.errorCode, after && sizeOf(after)], [code.none, sizeOf(before)])
  })

  it('that is taken stops a long poll: what comes then is not for it', async (t) => {
    const { mock } = t.mock.method(RecordWatch.prototype, 'waitUntil')
    await kafka.grant({ read: '^t$' })
    await using client = await kafka.login()
    const polled = fetch(client, { maxWaitMs: 60_000, minBytes: 1 })
    await waitFor('it waits', () => mock.callCount() === 1)
    await kafka.grant({ write: '^t$' })
    await produce('secret')
    const [got] = await within('the poll ends', polled)
    assert.deepEqual([got?.errorCode, got && sizeOf(got)], [code.topic, 0])
  })

  it('that is taken takes back what a long poll has read and not answered', async (t) => {
    const { mock } = t.mock.method(RecordWatch.prototype, 'waitUntil')
    await kafka.grant({ read: '^[tu]$' })
    await produce('secret')
    await using client = await kafka.login()
    const polled = fetch(client, { maxWaitMs: 60_000, minBytes: 5000 }, ['t', 'u'])
    await waitFor('it waits', () => mock.callCount() === 1)
    await kafka.grant({ read: '^u$' })
    await produce('public', 'u')
    const [secret, open] = await within('the poll ends', polled)
    assert.deepEqual([secret?.errorCode, secret && sizeOf(secret)], [code.topic, 0])
    assert.equal(open?.errorCode, code.none)
    assert.ok(open !== undefined && sizeOf(open) > 0)
  })
})

describe('the right to write', () => {
  it('that is taken while a large batch is checked keeps it out', async (t) => {
    const { holdProduces } = KafkaConnection.prototype
    let revoked: Promise<void> | undefined
    t.mock.method(
      KafkaConnection.prototype,
      'holdProduces',
      function (this: KafkaConnection, work: Promise<void>) {
        revoked = kafka.grant({ read: '^large$' })
        return holdProduces.call(this, work)
      },
    )
    await kafka.createTopic('large', 1, { 'max.message.bytes': '9000000' })
    t.after(() => kafka.deleteTopic('large'))
    await kafka.grant({ write: '^large$' })
    await using client = await kafka.login()
    const records = batchOfRecords([{ value: 'v'.repeat(memoryLimits.crcPerTurnMax) }])
    const topicData = [{ name: 'large', topicId: zeroUuid, partitionData: [{ index: 0, records }] }]
    const request = { transactionalId: null, acks: -1, timeoutMs: 1000, topicData }
    const { responses } = await client.call('produce', request, byName.produce)
    await revoked
    assert.equal(responses[0]?.partitionResponses[0]?.errorCode, code.topic)
    const [got] = await fetch(client, atOnce, ['large'])
    assert.deepEqual([got?.errorCode, got?.highWatermark], [code.none, 0])
  })
})

describe('a member of a group', () => {
  it('whose right to it is taken hears so with its next heartbeat', async () => {
    await kafka.grant({ read: '^g$' })
    await using client = await kafka.login()
    const heartbeat = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null }
    const unknownMember = 25
    assert.equal((await client.call('heartbeat', heartbeat)).errorCode, unknownMember)
    await kafka.grant({ configure: '^g$' })
    assert.equal((await client.call('heartbeat', heartbeat)).errorCode, code.group)
  })
})

describe('a user', () => {
  it('without a permission is told so at the login', async () => {
    await kafka.keeper.clearPermission(kafkaUser, '/')
    await using client = await KafkaRawClient.connect(kafka.port)
    const { errorCode, errorMessage } = await loginOn(client)
    assert.equal(errorCode, code.saslFailed)
    assert.equal(errorMessage, "Authentication failed: access to vhost '/' refused for user 'app'")
    await waitFor('the connection ends', () => client.isClosed)
  })

  it('who loses the last permission is gone with the next request', async () => {
    await kafka.grant({ read: '^t$' })
    await using client = await kafka.login()
    await kafka.keeper.clearPermission(kafkaUser, '/')
    await assert.rejects(fetch(client, atOnce), /the broker hung up/)
  })

  it('who is deleted is gone', async () => {
    await kafka.grant({ read: '^t$' })
    await using client = await kafka.login()
    await kafka.keeper.deleteUsers([kafkaUser])
    await waitFor('the connection ends', () => client.isClosed)
  })
})

describe('kafkajs', () => {
  const connectAs = (): Kafka =>
    new Kafka({
      brokers: [`127.0.0.1:${kafka.port}`],
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
      sasl: { mechanism: 'plain', username: kafkaUser, password: kafkaPassword },
    })

  /** Kafka's name of what became of it. */
  const outcomeOf = async (work: Promise<unknown>): Promise<string> => {
    try {
      await work
      return 'NONE'
    } catch (error) {
      return typeOf(error as Error)
    }
  }

  it('produces where it may write, and hears of it where it may not', async (t) => {
    await kafka.grant({ write: '^t$', read: '^u$' })
    const producer = connectAs().producer({ allowAutoTopicCreation: false })
    t.after(() => producer.disconnect())
    await producer.connect()
    const send = (topic: string): Promise<string> =>
      outcomeOf(producer.send({ topic, messages: [{ value: 'v' }] }))
    assert.equal(await send('t'), 'NONE')
    assert.equal(await send('u'), 'TOPIC_AUTHORIZATION_FAILED')
    assert.equal(await send('missing'), 'TOPIC_AUTHORIZATION_FAILED')
    await kafka.grant({ write: '^u$' })
    assert.equal(await send('u'), 'NONE')
    assert.equal(await send('t'), 'TOPIC_AUTHORIZATION_FAILED')
  })

  it('consumes with the right to read the topic and the group, and no other', async (t) => {
    await kafka.grant({ read: '^(t|workers)$' })
    await produce('one')
    const consumer = connectAs().consumer({ groupId: 'workers', maxWaitTimeInMs: 50 })
    t.after(() => consumer.disconnect())
    const got: string[] = []
    await consumer.connect()
    await consumer.subscribe({ topics: ['t'], fromBeginning: true })
    await consumer.run({
      eachMessage: ({ message }) => {
        got.push(String(message.value))
        return Promise.resolve()
      },
    })
    await waitFor('the record comes', () => got.length === 1)
    assert.deepEqual(got, ['one'])
  })

  it('gives up a group that it may not read any more', async (t) => {
    await kafka.grant({ read: '^(t|workers)$' })
    const consumer = connectAs().consumer({ groupId: 'workers', heartbeatInterval: 20 })
    t.after(() => consumer.disconnect())
    const crashed = new Promise<Error>((resolve) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => resolve(payload.error))
    })
    await consumer.connect()
    await consumer.subscribe({ topics: ['t'] })
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
    await consumer.run({ eachMessage: () => Promise.resolve() })
    await within('it joins', joined)
    await kafka.grant({ read: '^t$', write: '.*' })
    const error = await within('the consumer gives up', crashed)
    assert.equal(typeOf(error), 'GROUP_AUTHORIZATION_FAILED')
  })

  it('administers what it may configure', async (t) => {
    await kafka.grant({ configure: '^new' })
    const admin = connectAs().admin()
    t.after(() => admin.disconnect())
    await admin.connect()
    const create = (topic: string): Promise<string> =>
      outcomeOf(admin.createTopics({ topics: [{ topic }] }))
    assert.equal(await create('new'), 'NONE')
    assert.deepEqual(await admin.listTopics(), ['new'])
    assert.equal(await create('old'), 'TOPIC_AUTHORIZATION_FAILED')
    assert.equal(
      await outcomeOf(admin.deleteTopics({ topics: ['t'] })),
      'TOPIC_AUTHORIZATION_FAILED',
    )
    await admin.deleteTopics({ topics: ['new'] })
  })
})

/** What the broker said, however deep kafkajs has it. */
function typeOf(error: Error): string {
  const {
    type,
    cause,
    errors = [],
  } = error as Error & {
    readonly type?: string
    readonly errors?: readonly Error[]
  }
  const inner = cause instanceof Error ? cause : errors[0]
  return type ?? (inner === undefined ? error.message : typeOf(inner))
}

describe('librdkafka', { skip: !hasKcat && !isRequired && 'no kcat with SASL' }, () => {
  it('says what was refused', async () => {
    await kafka.grant({ write: '^t$' })
    const properties = [
      'security.protocol=SASL_PLAINTEXT',
      'sasl.mechanism=PLAIN',
      `sasl.username=${kafkaUser}`,
      `sasl.password=${kafkaPassword}`,
    ].flatMap((each) => ['-X', each])
    const run = (args: readonly string[], input = ''): Promise<string> =>
      new Promise((resolve) => {
        const all = [...args, '-b', `127.0.0.1:${kafka.port}`, ...properties]
        const child = execFile('kcat', all, { timeout: 20_000 }, (_error, stdout, stderr) =>
          resolve(stdout + stderr),
        )
        child.stdin?.end(input)
      })
    assert.doesNotMatch(await run(['-P', '-t', 't'], 'v'), /uthorization/)
    assert.match(await run(['-P', '-t', 'u'], 'v'), /Broker: Topic authorization failed/)
    assert.match(await run(['-C', '-e', '-t', 't']), /Broker: Topic authorization failed/)
    const listed = await run(['-L'])
    assert.match(listed, /topic "t"/)
    assert.doesNotMatch(listed, /topic "u"/)
    await kafka.grant({ read: '^t$' })
    assert.match(await run(['-C', '-e', '-t', 't']), /^v$/m)
    assert.match(await run(['-G', 'others', 't']), /Group authorization failed/)
  })
})
