// What Kafka has no call for: the latest record of a key, and a seek by time over all partitions and topics.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Admin, CompressionTypes, Kafka, logLevel, type Producer } from 'kafkajs'
import { type RunningBroker, startBroker } from '../../../src/start-broker.ts'
import { uniqueName } from '../../support/broker-under-test.ts'
import { HttpMessages } from '../../support/http-messages.ts'
import { otherPortsOff } from '../../support/other-ports-off.ts'
import { pabal } from '../../support/pabal-command.ts'

let broker: RunningBroker
let http: HttpMessages
let admin: Admin
let producer: Producer

before(async () => {
  broker = await startBroker({
    storage: 'memory',
    ...otherPortsOff,
    amqpPort: 0,
    kafkaPort: 0,
    httpPort: 0,
  })
  const { kafka, http: web } = broker.addresses
  const brokers = [`127.0.0.1:${kafka?.port}`]
  const client = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  http = new HttpMessages(web?.port ?? 0)
  admin = client.admin()
  producer = client.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  })
  await Promise.all([admin.connect(), producer.connect()])
})
after(async () => {
  await Promise.all([admin.disconnect(), producer.disconnect()])
  await broker.close()
})

async function createTopic(numPartitions: number): Promise<string> {
  const topic = uniqueName('look-up')
  await admin.createTopics({ topics: [{ topic, numPartitions }] })
  return topic
}

function latest(topic: string, key: string, query = ''): Promise<[status: number, json: unknown]> {
  return http.ask(`GET /v1/streams/%2F/${topic}/keys/${key}${query}`)
}

function run(...words: string[]): ReturnType<typeof pabal> {
  const url = `http://guest:guest@127.0.0.1:${broker.addresses['http']?.port}`
  return pabal(words, { environment: { PABAL_URL: url } })
}

test('the latest record of a key is found in whatever partition it is, also behind many others', async () => {
  const topic = await createTopic(3)
  for (const round of ['old', 'new']) {
    const messages = Array.from({ length: 900 }, (_, n) => {
      return { key: `k${n}`, value: `${round} ${n}`, partition: n % 3 }
    })
    await producer.send({ topic, messages, compression: CompressionTypes.GZIP })
  }
  for (const n of [0, 1, 2, 700, 899]) {
    const [status, found] = await latest(topic, `k${n}`)
    assert.equal(status, 200)
    assert.partialDeepStrictEqual(found, { partition: n % 3, payload: `new ${n}` })
  }
  assert.equal((await latest(topic, 'k900'))[0], 404)
  assert.equal((await latest(topic, 'k1', '?partition=2'))[0], 404)
  assert.equal((await latest(topic, 'k2', '?partition=2'))[0], 200)
  assert.equal((await latest(topic, 'k2', '?partition=3'))[0], 400)
})

test('a key is any bytes, written in several ways', async () => {
  const topic = await createTopic(1)
  const keys = [Buffer.from([0xff, 0, 0x2f, 0x80]), Buffer.alloc(0), Buffer.from('größe/µ 1')]
  const messages = keys.map((key, n) => ({ key, value: `${n}` }))
  await producer.send({ topic, messages: [...messages, { value: 'no key' }] })
  for (const [written, encoding, payload] of [
    ['%FF%00%2F%80', 'text', '0'],
    ['ff002f80', 'hex', '0'],
    ['_wAvgA', 'base64', '0'],
    ['=', 'base64', '1'],
    [encodeURIComponent('größe/µ 1'), 'text', '2'],
  ]) {
    const [status, found] = await latest(topic, written!, `?encoding=${encoding}`)
    assert.equal(status, 200, `${written}`)
    assert.partialDeepStrictEqual(found, { payload })
  }
  assert.equal((await latest(topic, 'xyz', '?encoding=hex'))[0], 400)
})

test('a deleted key is told with where it was deleted, and may come back', async () => {
  const topic = await createTopic(2)
  const send = (value: string | null): Promise<unknown> =>
    producer.send({ topic, messages: [{ key: 'k', value, partition: 1 }] })
  await send('one')
  await send(null)
  const [status, gone] = await latest(topic, 'k')
  assert.equal(status, 404)
  assert.partialDeepStrictEqual(gone, { deleted: { partition: 1, offset: 1 } })
  const { code, talk } = await run('topic', 'get', topic, 'k')
  assert.equal(code, 66)
  assert.match(talk.join(), /key 'k' was deleted \(partition 1, offset 1, /)
  // An empty value is a value.
  await send('')
  assert.equal((await latest(topic, 'k'))[0], 200)
})

test('the command shows the payload, and says when there is none', async () => {
  const topic = await createTopic(1)
  await producer.send({ topic, messages: [{ key: 'k', value: 'a value' }] })
  assert.deepEqual((await run('topic', 'get', topic, 'k', '-o', 'json')).code, 0)
  const shown = await run('topic', 'get', topic, 'k')
  assert.deepEqual([shown.code, shown.out.join('')], [0, 'a value\n'])
  const none = await run('topic', 'get', topic, 'other')
  assert.deepEqual([none.code, none.talk], [66, [`'${topic}' has no message with key 'other'`]])
  const missing = await run('topic', 'get', 'nothing', 'k')
  assert.match(missing.talk.join(), /there is no queue 'nothing'/)
})

test('one call says where a time is in all partitions, to the record', async () => {
  const topic = await createTopic(3)
  const at = (minute: number): string => `${Date.UTC(2026, 0, 1, 0, minute)}`
  for (const partition of [0, 1]) {
    const messages = Array.from({ length: 10 }, (_, n) => {
      return { value: 'v', partition, timestamp: at(n + 5 * partition) }
    })
    await producer.send({ topic, messages })
  }
  const path = `GET /v1/streams/%2F/${topic}/offsets`
  const time = Number(at(7))
  assert.deepEqual(await http.ask(`${path}?at=2026-01-01T00:07:00Z`), [
    200,
    {
      offsets: [
        { partition: 0, offset: 7, time },
        { partition: 1, offset: 2, time },
        { partition: 2, offset: 0, time: null },
      ],
    },
  ])
  assert.deepEqual(await http.ask(`${path}?at=last&partition=0`), [
    200,
    { offsets: [{ partition: 0, offset: 10, time: null }] },
  ])
  assert.equal((await http.ask(`${path}?at=soon`))[0], 400)
  assert.deepEqual(
    (await run('topic', 'offsets', topic, '--at', '2026-01-01T00:12:00Z')).out,
    [
      'partition  offset  time',
      '        0      10  ',
      '        1       7  2026-01-01T00:12:00.000Z',
      '        2       0  ',
    ].map((line) => line.trimEnd()),
  )
})

test('a group is reset by time over all its topics and partitions in one call', async () => {
  const topics = [await createTopic(2), await createTopic(1)]
  const start = Date.now() - 1_000_000
  for (const topic of topics) {
    const messages = Array.from({ length: 10 }, (_, n) => {
      return { value: 'v', partition: 0, timestamp: `${start + n * 1000}` }
    })
    await producer.send({ topic, messages })
  }
  const groupId = uniqueName('group')
  const reset = `POST /v1/groups/${groupId}/reset`
  for (const topic of topics) {
    assert.equal((await http.ask(reset, { topic, partition: 0, to: 'last' }))[0], 200)
  }
  const to = new Date(start + 3000).toISOString()
  const [status, preview] = await http.ask(reset, { to, dry_run: true })
  assert.equal(status, 200)
  const { offsets } = preview as { readonly offsets: readonly { readonly topic: string }[] }
  assert.deepEqual(
    offsets.filter(({ topic }) => topic === topics[0]),
    [
      { topic: topics[0], partition: 0, from: 10, to: 3 },
      { topic: topics[0], partition: 1, from: null, to: 0 },
    ],
  )
  const read = async (): Promise<string[]> => {
    const found = await admin.fetchOffsets({ groupId, topics })
    return found.map(({ partitions }) => partitions[0]!.offset)
  }
  assert.deepEqual(await read(), ['10', '10'])
  assert.equal((await http.ask(reset, { to }))[0], 200)
  assert.deepEqual(await read(), ['3', '3'])
  assert.equal((await http.ask('POST /v1/groups/nobody/reset', { to }))[0], 404)
  assert.equal((await http.ask(reset, { to, partition: 0 }))[0], 400)
})
