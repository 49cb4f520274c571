// A data folder of a broker that was killed is taken into a cluster on a real PostgreSQL and a store that speaks S3,
// served and changed by a node there, and taken out again: each finds what the one before had.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { ClusterTables } from '../../src/log/cluster/postgres/cluster-tables.ts'
import { S3Double } from '../../src/s3-double/s3-double.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { PostgresServer } from '../support/postgres/postgres-server.ts'
import { type Ended, runPabal } from '../support/run-pabal.ts'
import { setOffsets } from '../support/set-offsets.ts'
import { TestBroker } from '../support/start-test-broker.ts'

const takeoverMs = 40_000
const large: Buffer = Buffer.alloc(1_500_000, 'large ')

describe('data folders and clusters', { skip: postgresMissing() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'pabal-carry-'))
  let postgres: PostgresServer
  let objects: S3Double

  before(async () => {
    process.env['AWS_ACCESS_KEY_ID'] = 'test'
    process.env['AWS_SECRET_ACCESS_KEY'] = 'test'
    postgres = await PostgresServer.start({ fsync: 'on' })
    objects = await S3Double.open({
      folder: join(folder, 's3'),
      clock: systemClock,
      random: systemRandom,
    })
  })

  after(async () => {
    await objects?.close()
    await postgres?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  const place = (): string[] => {
    const endpoint = encodeURIComponent(objects.url)
    const cluster = `${postgres.address}?schema=carry`
    return ['--cluster', cluster, '--objects', `s3://bucket/carry?endpoint=${endpoint}`]
  }

  const pabal = async (words: readonly string[], code: number): Promise<string> => {
    const ended: Ended = await runPabal(words)
    assert.equal(ended.code, code, ended.stdout + ended.stderr)
    return ended.stdout + ended.stderr
  }

  const password = async (text: string): Promise<string[]> => {
    const file = join(folder, 'password')
    await writeFile(file, `${text}\n`)
    return ['--new-password-file', file]
  }

  const addUser = async (name: string, text: string, data: readonly string[]): Promise<void> => {
    await pabal(['user', 'add', name, ...(await password(text)), ...data], 0)
    await pabal(['permission', 'set', name, '.*', '.*', '.*', ...data], 0)
  }

  test('a folder becomes a cell and a cell becomes a folder, with all that is in it', async () => {
    const exported = join(folder, 'exported')
    await using single = await TestBroker.start(['--kafka-port', '0'])
    const data = ['--data', single.dataFolder]
    const one = ['--cell', '0']
    const held = await fill(single)
    await addUser('worker', 'first', data)
    const busy = await pabal(['cluster', 'import', ...data, ...place()], 75)
    assert.match(busy, /another broker is using it/)
    await single.kill()
    await held[Symbol.asyncDispose]()
    const nothing = await pabal(['cluster', 'export', '--data', exported, ...place()], 66)
    assert.match(nothing, /the cluster has no data/)
    const imported = await pabal(['cluster', 'import', ...data, ...place()], 0)
    assert.match(imported, /Imported to cell 0: \d+ files?, .*\nRead back and whole: \d+ commits/)

    await using node = await TestBroker.start(
      [...place(), '--node-name', 'n1', '--node-port', '0', '--kafka-port', '0'],
      [],
      takeoverMs,
    )
    const owned = await pabal(['cluster', 'export', '--data', exported, ...place(), ...one], 75)
    assert.match(owned, /the node "n1" owns cell 0: stop all nodes/)
    await change(node)
    await loggedIn(node, 'worker', 'first')
    const atNode = ['--data', node.dataFolder]
    await pabal(['user', 'password', 'worker', ...(await password('second')), ...atNode], 0)
    await addUser('other', 'third', atNode)
    await node.kill()
    // It is dead after five seconds.
    const text = await pabal(['cluster', 'export', '--data', exported, ...place(), ...one], 0)
    assert.match(text, /Exported cell 0 to .*\nRead back and whole: .* 2 large bodies/)
    assert.match(await pabal(['verify', '--data', exported], 0), /Nothing that was confirmed/)
    const again = await pabal(['cluster', 'import', ...data, ...place()], 73)
    assert.match(again, /nodes have run on the cluster already \(11 cells have data besides/)
    const twice = await pabal(['cluster', 'import', ...data, ...place(), ...one], 74)
    assert.match(twice, /there is something in cell 0 already \(MANIFEST\)/)
    // What the commands were is no node any more.
    assert.equal(await postgres.run('SELECT name FROM carry.nodes'), 'n1')

    await using last = await TestBroker.start(['--kafka-port', '0', '--data', exported])
    await assertAll(last)
    await loggedIn(last, 'worker', 'second')
    await loggedIn(last, 'other', 'third')
    await assert.rejects(loggedIn(last, 'worker', 'first'))
  })

  test('each cell has a folder of its own, and what is done is not done twice', async () => {
    const address = `${postgres.address}?schema=several`
    const clocks = { clock: systemClock, random: systemRandom }
    const tables = await ClusterTables.open({ address, cellCount: 3, ...clocks })
    tables.close()
    const endpoint = encodeURIComponent(objects.url)
    const at = ['--cluster', address, '--objects', `s3://bucket/several?endpoint=${endpoint}`]
    await using single = await TestBroker.start()
    await publishTo(single, 'kept')
    await single.stop()
    const data = ['--data', single.dataFolder]
    const elsewhere = await pabal(['cluster', 'import', ...data, ...at, '--cell', '2'], 74)
    assert.match(elsewhere, /the virtual host '\/' of the folder is in cell 0 of the cluster/)
    await using shop = await TestBroker.start(['--vhosts', 'shop'])
    await publishTo(shop, 'kept', '/shop')
    await shop.stop()
    const ofShop = ['--data', shop.dataFolder]
    const placed = await pabal(['cluster', 'import', ...ofShop, ...at, '--cell', '2'], 0)
    assert.doesNotMatch(placed, /has a user/)
    const refused = await pabal(['cluster', 'import', ...data, ...at], 73)
    assert.match(refused, /nodes have run .* \(1 cell has data besides cell 0\): .* --cell/)
    await pabal(['cluster', 'import', ...data, ...at, '--cell', '0'], 0)
    const vhosts = "SELECT cell FROM several.shared WHERE kind = 'vhost' ORDER BY key"
    assert.equal(await postgres.run(vhosts), '0\n2')
    const target = join(folder, 'several')
    const first = await pabal(['cluster', 'export', '--data', target, ...at, '--cell', '2'], 0)
    assert.match(first, /Exported cell 2 to \S+several: /)
    const all = join(folder, 'all')
    for (let times = 0; times < 2; times++) {
      const text = await pabal(['cluster', 'export', '--data', all, ...at], 0)
      assert.match(text, /Exported cell 0 to \S+cell-0: [^]*Exported cell 2 to \S+cell-2: /)
    }
    for (const [name, vhost] of [
      ['several', '/shop'],
      ['all/cell-0', ''],
      ['all/cell-2', '/shop'],
    ] as const) {
      await using broker = await TestBroker.start(['--data', join(folder, name)])
      assert.deepEqual(await drain(broker, 'kept', vhost), ['kept'])
    }
    // Its epoch has risen, so it is another one.
    const other = await pabal(['cluster', 'export', '--data', all, ...at], 74)
    assert.match(other, /there is something in \S+cell-0 already/)
  })

  test('what cannot be done is said', async () => {
    const missing = ['--data', join(folder, 'nowhere')]
    const at = place()
    assert.match(await pabal(['cluster', 'import', ...missing, ...at], 66), /no data folder/)
    assert.match(await pabal(['cluster', 'import', '--objects', 's3://b'], 64), /give --cluster/)
    assert.match(
      await pabal(['cluster', 'export', ...missing, ...at, '--cell', '700'], 74),
      /there is no cell 700: the cluster has cells 0 to 11/,
    )
    assert.match(
      await pabal(['cluster', 'export', '--cell', 'x', ...at], 64),
      /--cell cannot be 'x'/,
    )
  })
})

async function loggedIn(broker: TestBroker, user: string, password: string): Promise<void> {
  await using session = await AmqpSession.open(
    broker.url.replace('guest:guest', `${user}:${password}`),
  )
  const channel = await session.channel()
  await channel.checkQueue('tasks')
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => String(from + index))
}

function clientOf({ kafkaPort }: TestBroker): Kafka {
  return new Kafka({ brokers: [`127.0.0.1:${kafkaPort}`], logLevel: logLevel.NOTHING })
}

async function publishTo(broker: TestBroker, queue: string, vhost = ''): Promise<void> {
  await using session = await AmqpSession.open(`${broker.url}${vhost}`)
  const channel = await session.confirmChannel()
  await channel.assertQueue(queue, { durable: true })
  channel.sendToQueue(queue, Buffer.from(queue), { persistent: true })
  await channel.waitForConfirms()
}

async function publish(
  broker: TestBroker,
  queue: string,
  bodies: readonly Buffer[],
): Promise<void> {
  await using session = await AmqpSession.open(broker.url)
  const channel = await session.confirmChannel()
  for (const body of bodies) channel.sendToQueue(queue, body, { persistent: true })
  await channel.waitForConfirms()
}

/** Fills a broker; the session that is returned has five messages unacked. */
async function fill(broker: TestBroker): Promise<AmqpSession> {
  const session = await AmqpSession.open(broker.url)
  const channel = await session.confirmChannel()
  await channel.assertQueue('tasks', { durable: true })
  await channel.assertQueue('large', { durable: true })
  await channel.assertQueue('ranked', { durable: true, arguments: { 'x-max-priority': 9 } })
  await channel.assertQueue('later', { durable: true })
  const delaying = { durable: true, arguments: { 'x-delayed-type': 'fanout' } }
  await channel.assertExchange('delaying', 'x-delayed-message', delaying)
  await channel.bindQueue('later', 'delaying', '')
  const persistent = true
  for (const body of numbers(0, 100))
    channel.sendToQueue('tasks', Buffer.from(body), { persistent })
  for (const priority of [1, 5, 3]) {
    channel.sendToQueue('ranked', Buffer.from(`${priority}`), { persistent, priority })
  }
  channel.sendToQueue('large', large, { persistent })
  // Due when the last broker looks, or a moment later.
  const headers = { 'x-delay': 1000 }
  channel.publish('delaying', '', Buffer.from('delayed'), { persistent, headers })
  await channel.waitForConfirms()
  for (let n = 0; n < 5; n++) await channel.get('tasks', { noAck: false })
  const producer = clientOf(broker).producer({ idempotent: true, transactionalId: 'tx' })
  await producer.connect()
  await transact(producer, 0, true)
  await transact(producer, 50, false)
  await producer.disconnect()
  await setOffsets(broker.kafkaPort, 'readers', 'events', [7])
  return session
}

async function transact(producer: Producer, from: number, isCommitted: boolean): Promise<void> {
  const transaction = await producer.transaction()
  const messages = numbers(from, from + 10).map((value) => ({ value, partition: 0 }))
  await transaction.send({ topic: 'events', messages })
  await (isCommitted ? transaction.commit() : transaction.abort())
}

async function offsetOf(broker: TestBroker): Promise<string | undefined> {
  const admin = clientOf(broker).admin()
  await admin.connect()
  const [found] = await admin.fetchOffsets({ groupId: 'readers', topics: ['events'] })
  await admin.disconnect()
  return found?.partitions.find(({ partition }) => partition === 0)?.offset
}

/** What a node finds, and what it does about it. */
async function change(node: TestBroker): Promise<void> {
  assert.equal(await offsetOf(node), '7')
  await using session = await AmqpSession.open(node.url)
  const channel = await session.channel()
  for (const expected of numbers(0, 10)) {
    const message = await channel.get('tasks', { noAck: true })
    assert.equal(message && message.content.toString(), expected)
    // Five of them were unacked when their broker was killed.
    if (Number(expected) < 5) assert.equal(message && message.fields.redelivered, true)
  }
  await publish(
    node,
    'tasks',
    numbers(100, 120).map((body) => Buffer.from(body)),
  )
  await publish(node, 'large', [large])
  const producer = clientOf(node).producer({ idempotent: true, transactionalId: 'tx' })
  await producer.connect()
  await transact(producer, 10, true)
  await producer.disconnect()
  await setOffsets(node.kafkaPort, 'readers', 'events', [9])
}

async function assertAll(broker: TestBroker): Promise<void> {
  assert.deepEqual(await drain(broker, 'tasks'), numbers(10, 120))
  assert.deepEqual(await drain(broker, 'ranked'), ['5', '3', '1'])
  assert.deepEqual(await drain(broker, 'large'), [large.toString(), large.toString()])
  assert.equal(await offsetOf(broker), '9')
  assert.deepEqual(await readCommitted(broker), numbers(0, 20))
  await using session = await AmqpSession.open(broker.url)
  const channel = await session.channel()
  const arrived = Promise.withResolvers<string>()
  await channel.consume('later', (message) => arrived.resolve(String(message?.content)), {})
  assert.equal(await arrived.promise, 'delayed')
}

async function drain(broker: TestBroker, queue: string, vhost = ''): Promise<string[]> {
  await using session = await AmqpSession.open(`${broker.url}${vhost}`)
  const channel = await session.channel()
  const taken: string[] = []
  for (;;) {
    const message = await channel.get(queue, { noAck: true })
    if (message === false) return taken
    taken.push(message.content.toString())
  }
}

async function readCommitted(broker: TestBroker): Promise<string[]> {
  const consumer = clientOf(broker).consumer({ groupId: 'others', readUncommitted: false })
  await consumer.connect()
  try {
    await consumer.subscribe({ topic: 'events', fromBeginning: true })
    const read: string[] = []
    await new Promise<void>((resolve, reject) => {
      const eachMessage = ({ message }: { message: { value: Buffer | null } }): Promise<void> => {
        read.push(String(message.value))
        if (read.length === 20) resolve()
        return Promise.resolve()
      }
      consumer.run({ eachMessage }).catch(reject)
    })
    return read
  } finally {
    await consumer.disconnect()
  }
}
