// Looking into queues and topics of a running broker with its command and over its local socket: what is
// shown, and that nobody notices.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Options } from 'amqplib'
import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { BrokerClient } from '../../../src/cli/broker-client.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { Inbox } from '../../support/inbox.ts'
import { TestBroker } from '../../support/start-test-broker.ts'

const mainFile = path.join(import.meta.dirname, '../../../src/main.ts')

interface Message {
  readonly partition?: number
  readonly offset: number
  readonly state?: string
  readonly payload?: string
  readonly payload_encoding?: string
  readonly payload_bytes: number
  readonly properties?: Record<string, unknown>
}

describe('browsing', () => {
  let broker: TestBroker
  let session: AmqpSession
  before(async () => {
    broker = await TestBroker.start(['--kafka-port', '0'])
    session = await AmqpSession.open(broker.url)
  })
  after(async () => {
    await session[Symbol.asyncDispose]()
    await broker[Symbol.asyncDispose]()
  })

  async function fill(
    queue: string,
    bodies: readonly (string | Buffer)[],
    options: Options.Publish = {},
  ): Promise<void> {
    const channel = await session.confirmChannel()
    for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body), options)
    await channel.waitForConfirms()
    await channel.close()
  }

  async function ask(
    queue: string,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const client = new BrokerClient(broker.dataFolder)
    return client.get(['queues', '/', queue, 'browse'], parameters)
  }

  async function browse(
    queue: string,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly messages: readonly Message[]; readonly next: string | null }> {
    const { status, body } = await ask(queue, parameters)
    assert.equal(status, 200, JSON.stringify(body))
    return body as { readonly messages: readonly Message[]; readonly next: string | null }
  }

  async function shown(
    queue: string,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<string[]> {
    const { messages } = await browse(queue, parameters)
    return messages.map(({ payload, state }) => `${payload} ${state}`)
  }

  async function command(...args: string[]): Promise<{ code: number | null; output: string }> {
    const all = ['queue', 'browse', ...args, '--data', broker.dataFolder]
    const child = spawn(process.execPath, [mainFile, ...all])
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    }
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, output }
  }

  it('shows what waits, is out and was acked, and nobody notices', async () => {
    const channel = await session.channel()
    const args = { 'x-queue-type': 'quorum', 'x-retention-ms': 3_600_000 }
    await channel.assertQueue('work', { arguments: args })
    await fill('work', ['a', 'b', 'c', 'd'])
    const [a, b] = [await channel.get('work'), await channel.get('work')]
    assert.ok(a !== false && b !== false)
    channel.ack(a)
    const before = await channel.checkQueue('work')
    assert.deepEqual(await shown('work', { from: 'first' }), [
      'a acked',
      'b unacked',
      'c ready',
      'd ready',
    ])
    assert.deepEqual(await shown('work'), ['b unacked', 'c ready', 'd ready'])
    assert.deepEqual(await channel.checkQueue('work'), before)
    channel.nack(b)
    const inbox = await Inbox.consume(channel, 'work')
    await inbox.received(3)
    assert.deepEqual(
      inbox.messages.map(({ content, fields, properties }) => [
        content.toString(),
        fields.redelivered,
        properties.headers?.['x-delivery-count'],
      ]),
      [
        ['b', true, 1],
        ['c', false, undefined],
        ['d', false, undefined],
      ],
    )
  })

  it('shows only what a filter finds, in a command', async () => {
    const channel = await session.channel()
    await channel.assertQueue('found')
    await fill('found', ['{"id":1}', '{"id":2}', 'text', '{"id":3}'])
    const payloads = async (...args: string[]): Promise<string[]> => {
      const { code, output } = await command('found', '-o', 'ndjson', ...args)
      assert.equal(code, 0, output)
      const lines = output.split('\n').filter((line) => line.startsWith('{'))
      return lines.map((line) => (JSON.parse(line) as { readonly payload: string }).payload)
    }
    const filter = JSON.stringify({ json: [{ path: '$.id', is: 'greater', value: 1 }] })
    assert.deepEqual(await payloads('--filter', filter), ['{"id":2}', '{"id":3}'])
    assert.deepEqual(await payloads('--filter', filter, '--count', '1'), ['{"id":2}'])
    assert.deepEqual(await payloads('--text', 'ex', '--from', 'first'), ['text'])
    assert.equal((await command('found', '--filter', 'x')).code, 64)
  })

  it('goes on from page to page', async () => {
    const channel = await session.channel()
    await channel.assertQueue('pages')
    const bodies = Array.from({ length: 25 }, (_, index) => `${index}`)
    await fill('pages', bodies)
    const seen: unknown[] = []
    let next: string | null = null
    do {
      const cursor: Record<string, string> = next === null ? {} : { cursor: next }
      const page = await browse('pages', { count: '7', ...cursor })
      seen.push(...page.messages.map(({ payload }) => payload))
      next = page.next
    } while (next !== null)
    assert.deepEqual(seen, bodies)
    const first = async (from: string): Promise<unknown> =>
      (await browse('pages', { from, count: '1' })).messages[0]?.payload
    const places = ['first', 'last', '7', '1h', '2020-01-01T00:00:00Z', '2199-01-01']
    assert.deepEqual(await Promise.all(places.map(first)), ['0', '24', '7', '0', '0', undefined])
  })

  it('shows properties and payloads as JSON has them', async () => {
    const channel = await session.channel()
    await channel.assertQueue('odd', { durable: false, autoDelete: true })
    const headers = { text: 'é', table: { list: [1, true, null] }, big: 2 ** 40 }
    await fill('odd', [Buffer.from([255, 0]), 'é'.repeat(5)], {
      headers,
      contentType: 'text/plain',
      messageId: 'id',
      timestamp: 1_700_000_000,
      priority: 3,
    })
    const { messages } = await browse('odd', { payload: '5' })
    const [bytes, text] = messages
    assert.deepEqual(bytes?.properties, {
      content_type: 'text/plain',
      headers,
      priority: 3,
      message_id: 'id',
      timestamp: 1_700_000_000,
    })
    assert.deepEqual([bytes.payload, bytes.payload_encoding], ['/wA=', 'base64'])
    assert.deepEqual([text?.payload, text?.payload_bytes], ['éé', 10])
  })

  it('shows the records of a stream that Kafka wrote, and of a queue that reads it', async () => {
    const channel = await session.channel()
    await channel.assertQueue('events', {
      arguments: { 'x-queue-type': 'stream', 'x-partitions': 2 },
    })
    await channel.assertQueue('worker', { arguments: { 'x-source': 'events' } })
    const kafka = new Kafka({
      brokers: [`127.0.0.1:${broker.kafkaPort}`],
      logLevel: logLevel.NOTHING,
    })
    const producer = kafka.producer()
    await producer.connect()
    const messages = ['0', '1', '2', '3'].map((value) => ({ value, partition: Number(value) % 2 }))
    await producer.send({ topic: 'events', messages })
    await producer.disconnect()
    const { messages: all } = await browse('events')
    assert.deepEqual(
      all.map(({ partition, offset, payload, state }) => [partition, offset, payload, state]),
      [
        [0, 0, '0', undefined],
        [0, 1, '2', undefined],
        [1, 0, '1', undefined],
        [1, 1, '3', undefined],
      ],
    )
    assert.deepEqual(await shown('events', { partition: '1', from: '1' }), ['3 undefined'])
    await fill('worker', ['own'])
    const got = [await channel.get('worker'), await channel.get('worker')]
    channel.ack(got[1] as never)
    await channel.checkQueue('worker')
    assert.deepEqual(await shown('worker', { from: 'first' }), [
      'own unacked',
      '0 acked',
      '2 ready',
      '1 ready',
      '3 ready',
    ])
    assert.equal((await channel.checkQueue('events')).consumerCount, 1)
  })

  it('goes through a batch that takes long to decode, for several at a time', async () => {
    const kafka = new Kafka({
      brokers: [`127.0.0.1:${broker.kafkaPort}`],
      logLevel: logLevel.NOTHING,
    })
    const [admin, producer] = [kafka.admin(), kafka.producer()]
    await Promise.all([admin.connect(), producer.connect()])
    await admin.createTopics({ topics: [{ topic: 'batches', numPartitions: 1 }] })
    const values = Array.from({ length: 6000 }, (_, index) => `value ${index}`)
    const messages = values.map((value) => ({ value }))
    await producer.send({ topic: 'batches', compression: CompressionTypes.GZIP, messages })
    await Promise.all([admin.disconnect(), producer.disconnect()])
    const readAll = async (): Promise<unknown[]> => {
      const seen: unknown[] = []
      let cursor: string | null = '0.0'
      while (cursor !== null) {
        const page = await browse('batches', { count: '1000', cursor })
        seen.push(...page.messages.map(({ payload }) => payload))
        cursor = page.next
      }
      return seen
    }
    for (const seen of await Promise.all([readAll(), readAll()])) assert.deepEqual(seen, values)
    assert.deepEqual((await browse('batches', { from: '5999' })).messages.length, 1)
  })

  it('ends where the queue is deleted meanwhile', async () => {
    const channel = await session.channel()
    await channel.assertQueue('going')
    await fill(
      'going',
      Array.from({ length: 3000 }, (_, index) => `${index}`),
    )
    const asking = Array.from({ length: 10 }, () => ask('going', { count: '1000' }))
    await channel.deleteQueue('going')
    const statuses = (await Promise.all(asking)).map(({ status }) => status)
    assert.ok(
      statuses.every((status) => status === 200 || status === 404),
      statuses.join(),
    )
    assert.equal((await ask('going')).status, 404)
  })

  it('shows the start of a large payload that is in a file of its own', async () => {
    const channel = await session.channel()
    await channel.assertQueue('large')
    const large = Buffer.alloc(2_000_000, 'x')
    large.write('begin')
    await fill('large', ['first', large], { persistent: true })
    const [, inMemory] = (await browse('large', { payload: '7' })).messages
    assert.deepEqual([inMemory?.payload, inMemory?.payload_bytes], ['beginxx', 2_000_000])
    await session[Symbol.asyncDispose]()
    await broker.stop()
    await broker.restart()
    session = await AmqpSession.open(broker.url)
    const [, onDisk] = (await browse('large', { payload: '7' })).messages
    assert.deepEqual([onDisk?.payload, onDisk?.payload_bytes], ['beginxx', 2_000_000])
    const [, whole] = (await browse('large', { payload: '262144' })).messages
    assert.equal(whole?.payload, large.toString('latin1', 0, 262_144))
    // It lies beside the log, where somebody may have lost it.
    const folder = path.join(broker.dataFolder, 'aside')
    for (const name of readdirSync(folder)) rmSync(path.join(folder, name))
    assert.equal((await browse('large')).messages[1]?.payload, undefined)
    assert.match(
      (await command('large')).output,
      /ready\s+2000000\s+\(default\)\s+large\s+\(lost\)/,
    )
  })

  it('prints a table in which no message does any harm', async () => {
    const channel = await session.channel()
    await channel.assertQueue('table')
    await fill('table', ['one\n\u001b[2Jtwo', 'x'.repeat(100), Buffer.from([0xff, 0x1b])])
    const { code, output } = await command('table', '--count', '2')
    assert.equal(code, 0)
    const [head, first, second, more] = output.split('\n')
    assert.match(head!, /^offset {2}time {22}state {2}bytes {2}exchange {3}routing key {2}payload$/)
    assert.match(first!, /^ {5}0 .* ready {5}11 {2}\(default\) {2}table {8}one\\n\\u001b\[2Jtwo$/)
    assert.ok(second!.endsWith(`${'x'.repeat(60)}…`))
    assert.equal(more, 'There are more: go on with --cursor 0.2')
    const rest = await command('table', '--cursor', '0.2')
    assert.match(rest.output, /0xff1b\n$/)
    const { messages, next } = JSON.parse((await command('table', '-o', 'json')).output) as {
      readonly messages: readonly Message[]
      readonly next: unknown
    }
    assert.deepEqual([messages.length, next], [3, null])
    assert.equal(
      (await command('table', '--from', '3')).output,
      "There are no such messages in 'table'\n",
    )
  })

  it('refuses what it does not know', async () => {
    const refusals: [Record<string, string>, RegExp][] = [
      [{ count: '0' }, /count is a number from 1 to 1000/],
      [{ count: '1001' }, /count is a number from 1 to 1000/],
      [{ from: 'bogus' }, /from is first, last, an offset, a time/],
      [{ from: '2026-13-99' }, /from is first, last, an offset, a time/],
      [{ cursor: '1' }, /cursor is what the page before answered/],
      [{ cursor: '9.0' }, /has no such place/],
      [{ partition: '3' }, /has no partition 3/],
      [{ payload: '-1' }, /payload is how many bytes/],
      [{ limit: '1' }, /There is no parameter limit/],
    ]
    for (const [parameters, expected] of refusals) {
      const { status, body } = await ask('table', parameters)
      assert.equal(status, 400, JSON.stringify(parameters))
      assert.match(JSON.stringify(body), expected)
    }
    assert.equal((await ask('nobody')).status, 404)
    assert.match(
      (await command('nobody')).output,
      /there is no queue 'nobody' in virtual host '\/'; see pabal queue list/,
    )
    assert.match((await command('table', '--count', '0')).output, /--count cannot be '0'/)
  })
})
