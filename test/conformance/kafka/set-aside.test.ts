// Records that a consumer group cannot process: set aside by hand, and by themselves once members have begun at one as
// often as the group's settings allow.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Consumer as ConsumerOfKafka, MessagesStreamModes } from '@platformatic/kafka'
import type { Consumer } from 'kafkajs'
import { BothClients } from '../../support/both-clients.ts'
import { uniqueName } from '../../support/broker-under-test.ts'
import { ConfigCalls, configSource, configType } from '../../support/config-calls.ts'
import { HttpMessages } from '../../support/http-messages.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { pabal } from '../../support/pabal-command.ts'
import { waitFor } from '../../support/wait-for.ts'

const data = mkdtempSync(join(tmpdir(), 'pabal-set-aside-'))
let clients: BothClients
let http: HttpMessages

async function open(): Promise<void> {
  clients = await BothClients.open(data, { httpPort: 0 })
  http = new HttpMessages(clients.broker.addresses['http']?.port ?? 0)
}

before(open)
after(async () => {
  await clients[Symbol.asyncDispose]()
  rmSync(data, { recursive: true, force: true })
})

async function topicOf(...values: string[]): Promise<string> {
  const topic = uniqueName('poison')
  await clients.admin.createTopics({ topics: [{ topic }] })
  const messages = values.map((value) => ({ key: 'k', value, headers: { h: 'x' } }))
  if (messages.length === 0) return topic
  await clients.producer.send({ topic, acks: -1, messages })
  return topic
}

async function graves(): Promise<string> {
  const queue = uniqueName('graves')
  await clients.channel.assertQueue(queue)
  return queue
}

async function ask(request: string, body?: unknown): Promise<unknown> {
  const [status, json] = await http.ask(request, body)
  assert.ok(status < 300, JSON.stringify(json))
  return json
}

async function offsetOf(groupId: string, topic: string): Promise<string | undefined> {
  const [found] = await clients.admin.fetchOffsets({ groupId, topics: [topic] })
  return found?.partitions[0]?.offset
}

/** A program that ends with the first record that it cannot process, and commits what came before it. */
async function runProgram(groupId: string, topic: string, done: string[]): Promise<boolean> {
  const consumer: Consumer = clients.kafka.consumer({
    groupId,
    maxWaitTimeInMs: 50,
    retry: { retries: 0, restartOnFailure: async () => false },
  })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let end: 'poison' | 'all' | undefined
  await consumer.run({
    eachMessage: async ({ message }) => {
      const value = message.value?.toString() ?? ''
      if (value === 'poison') {
        end = 'poison'
        throw new Error('cannot be processed')
      }
      done.push(value)
      if (value === 'last') end = 'all'
    },
  })
  await waitFor('the program to end', () => end !== undefined)
  await consumer.disconnect()
  return end === 'all'
}

test('a record at which members have begun as often as they may is set aside, and the group goes on', async () => {
  const topic = await topicOf('a', 'b', 'poison', 'last')
  const [group, dead] = [uniqueName('group'), await graves()]
  await ask(`PUT /v1/groups/${group}/dead-letters`, { attempts: 2, to: dead })
  const done: string[] = []
  let starts = 1
  while (!(await runProgram(group, topic, done))) starts++
  // The first began at `a`, two at the poison.
  assert.equal(starts, 4)
  assert.deepEqual(done, ['a', 'b', 'last'])
  const message = await clients.channel.get(dead, { noAck: true })
  assert.ok(typeof message === 'object')
  assert.equal(message.content.toString(), 'poison')
  const headers = message.properties.headers ?? {}
  assert.partialDeepStrictEqual(headers, {
    'x-key': 'k',
    h: 'x',
    'x-first-death-queue': topic,
    'x-first-death-reason': 'delivery_limit',
    '__dlq.errors.topic': topic,
    '__dlq.errors.partition': '0',
    '__dlq.errors.offset': '2',
    '__dlq.errors.group': group,
    '__dlq.errors.delivery.count': '2',
  })
  assert.partialDeepStrictEqual(await ask(`GET /v1/groups/${group}`), {
    dead_letters: { attempts: 2, to: dead, set_aside: 1, stuck: [] },
  })
})

test('so it is with the consumer protocol of KIP-848', async () => {
  const topic = await topicOf('a', 'poison', 'last')
  const [group, dead] = [uniqueName('group'), await graves()]
  await ask(`PUT /v1/groups/${group}/dead-letters`, { attempts: 2, to: dead })
  const done: string[] = []
  const run = async (): Promise<string | undefined> => {
    const consumer = new ConsumerOfKafka({
      clientId: 'program',
      groupId: group,
      groupProtocol: 'consumer',
      bootstrapBrokers: [`127.0.0.1:${clients.broker.addresses['kafka']?.port}`],
    })
    const stream = await consumer.consume({
      topics: [topic],
      autocommit: false,
      mode: MessagesStreamModes.COMMITTED,
      fallbackMode: 'earliest',
      maxWaitTime: 50,
    })
    let last: string | undefined
    for await (const message of stream) {
      last = message.value.toString()
      if (last === 'poison') break
      done.push(last)
      await message.commit()
      if (last === 'last') break
    }
    await consumer.close(true)
    return last
  }
  let starts = 1
  while ((await run()) !== 'last') starts++
  assert.ok(starts <= 4, `${starts} starts`)
  assert.deepEqual(done, ['a', 'last'])
  const message = await clients.channel.get(dead, { noAck: true })
  assert.ok(typeof message === 'object' && message.content.toString() === 'poison')
})

test('looking at a group and rebalances are no attempts', async () => {
  const topic = await topicOf('a')
  const [group, dead] = [uniqueName('group'), await graves()]
  await ask(`POST /v1/groups/${group}/reset`, { topic, to: 'first' })
  await ask(`PUT /v1/groups/${group}/dead-letters`, { attempts: 1, to: dead })
  for (let count = 0; count < 3; count++) assert.equal(await offsetOf(group, topic), '0')
  const consumers = [0, 1].map(() =>
    clients.kafka.consumer({ groupId: group, heartbeatInterval: 50, maxWaitTimeInMs: 50 }),
  )
  let got = 0
  let joined = 0
  for (const [index, consumer] of consumers.entries()) {
    consumer.on('consumer.group_join', () => joined++)
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({ autoCommit: false, eachMessage: async () => void got++ })
    // Both after the second has come.
    await waitFor('the members', () => got >= 1 && joined >= 1 + 2 * index)
  }
  assert.equal(await offsetOf(group, topic), '0')
  await Promise.all(consumers.map((consumer) => consumer.disconnect()))
  assert.equal((await clients.channel.checkQueue(dead)).messageCount, 0)
})

test('one is set aside by hand, to a topic as well, and comes back by a redrive', async () => {
  const topic = await topicOf('bad', 'good')
  const [group, dead] = [uniqueName('group'), uniqueName('dlq')]
  await ask(`POST /v1/groups/${group}/reset`, { topic, to: 'first' })
  const path = `POST /v1/groups/${group}/set-aside`
  for (const [body, status] of [
    [{ topic, partition: 0 }, 400],
    [{ topic, partition: 0, to: 'nowhere' }, 404],
    [{ topic, partition: 0, to: topic }, 400],
    [{ topic, partition: 1, to: topic }, 400],
  ] as const) {
    assert.equal((await http.ask(path, body))[0], status, JSON.stringify(body))
  }
  assert.equal(await offsetOf(group, topic), '0')
  await clients.admin.createTopics({ topics: [{ topic: dead }] })
  const asked = { topic, partition: 0, to: dead }
  assert.deepEqual(await ask(path, asked), { ...asked, offset: 0 })
  assert.equal(await offsetOf(group, topic), '1')
  await clients[Symbol.asyncDispose]()
  await open()
  assert.equal(await offsetOf(group, topic), '1')
  const [end] = await clients.admin.fetchTopicOffsets(dead)
  assert.equal(end?.high, '1')
  // The next one into a queue, by the command.
  const queue = await graves()
  const url = `http://guest:guest@127.0.0.1:${clients.broker.addresses['http']?.port}`
  const words = ['group', 'set-aside', group, '--topic', topic, '--partition', '0', '--to', queue]
  const outcome = await pabal([...words, '--yes'], { environment: { PABAL_URL: url } })
  assert.deepEqual(outcome.out, [`Offset 1 went to '${queue}'; the group goes on behind it`])
  assert.equal((await http.ask(path, { ...asked, to: queue }))[0], 400, 'there is nothing more')
  const dlq = await pabal(['dlq', 'redrive', queue, '--yes'], { environment: { PABAL_URL: url } })
  assert.equal(dlq.code, 0, dlq.talk.join())
  await waitFor('the record to be back', async () => {
    const [offsets] = await clients.admin.fetchTopicOffsets(topic)
    return offsets?.high === '3'
  })
})

test('what programs put among dead letters themselves goes back by a redrive, too', async () => {
  const topic = await topicOf()
  const dlt = `${topic}.DLT`
  await clients.admin.createTopics({ topics: [{ topic: dlt }] })
  const queue = uniqueName('failed')
  await clients.channel.assertQueue(queue, { arguments: { 'x-source': dlt } })
  const names = ['kafka_dlt-original-topic', '__connect.errors.topic']
  const messages = names.map((name) => ({ key: 'k', value: name, headers: { [name]: topic } }))
  await clients.producer.send({ topic: dlt, acks: -1, messages })
  const url = `http://guest:guest@127.0.0.1:${clients.broker.addresses['http']?.port}`
  const environment = { PABAL_URL: url }
  const { code, talk } = await pabal(['dlq', 'redrive', queue, '--yes'], { environment })
  assert.equal(code, 0, talk.join())
  await waitFor('the records to be back', async () => {
    const [offsets] = await clients.admin.fetchTopicOffsets(topic)
    return offsets?.high === '2'
  })
  assert.equal((await clients.channel.checkQueue(queue)).messageCount, 0)
})

test('Kafka clients set the rule as a setting of the group, and see it', async () => {
  const group = uniqueName('group')
  await using client = await KafkaRawClient.connect(clients.broker.addresses['kafka']?.port ?? 0)
  const calls = new ConfigCalls(client)
  const attempts = ['pabal.attempts.max', '4'] as const
  const target = ['pabal.dead.letter.name', 'graves'] as const
  const [code, text] = await calls.alter(configType.group, group, [attempts])
  assert.deepEqual([code, text?.includes('needs pabal.dead.letter.name')], [40, true])
  assert.deepEqual(await calls.alter(configType.group, group, [attempts, target]), [0, null])
  const shown = await calls.shown(configType.group, group, attempts[0])
  assert.equal(shown[0], `4@${configSource.group}`)
  const url = `http://guest:guest@127.0.0.1:${clients.broker.addresses['http']?.port}`
  const environment = { PABAL_URL: url }
  const wrong = await pabal(['group', 'dead-letters', group, '--attempts', '3'], { environment })
  assert.equal(wrong.code, 64)
  const off = await pabal(['group', 'dead-letters', group, '--off'], { environment })
  assert.deepEqual(off.out, [`Nothing of group '${group}' is set aside by itself any more`])
  const after = await calls.shown(configType.group, group, attempts[0])
  assert.doesNotMatch(after[0] ?? '', /^4@/)
})
