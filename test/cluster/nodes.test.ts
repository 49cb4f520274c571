// Brokers as nodes of a cluster, on a real PostgreSQL and a store that speaks S3: one serves, another stands by.
// Whatever was confirmed is there when the other one takes over, from a node that was killed as from one that stopped.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { S3Double } from '../../src/s3-double/s3-double.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { PostgresServer } from '../support/postgres/postgres-server.ts'
import { TestBroker } from '../support/start-test-broker.ts'

const messageCount = 300
/** The node that stands by starts beside the others' tests, sees the owner dead for five seconds, and opens the cell. */
const takeoverMs = 40_000

describe('nodes of a cluster', { skip: postgresMissing() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'pabal-s3-'))
  let postgres: PostgresServer
  let objects: S3Double

  before(async () => {
    // The store takes any; the SDK looks for some.
    process.env['AWS_ACCESS_KEY_ID'] = 'test'
    process.env['AWS_SECRET_ACCESS_KEY'] = 'test'
    postgres = await PostgresServer.start({ fsync: 'on' })
    objects = await S3Double.open({ folder, clock: systemClock, random: systemRandom })
  })

  after(async () => {
    await objects?.close()
    await postgres?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  const objectsAddress = (): string =>
    `s3://bucket/nodes?endpoint=${encodeURIComponent(objects.url)}`

  const flags = (name: string): string[] => {
    const address = `${postgres.address}?schema=nodes`
    const cluster = ['--cluster', address, '--objects', objectsAddress()]
    return [...cluster, '--node-name', name, '--kafka-port', '0']
  }

  test('the next one has all that was confirmed', async () => {
    const first = await TestBroker.start(flags('first'))
    try {
      await publish(first, 0)
      await produce(first, 0)
      // It waits until the first one is gone.
      const standingBy = TestBroker.start(flags('second'), [], takeoverMs)
      await publish(first, messageCount)
      await first.kill()
      const second = await standingBy
      try {
        await produce(second, messageCount)
        // It stops, and nobody has to see it dead.
        const next = TestBroker.start(flags('third'), [], takeoverMs)
        assert.equal(await second.stop(), 0)
        const third = await next
        try {
          assert.deepEqual(await takeAll(third), numbers(2 * messageCount))
          assert.deepEqual(await readAll(third), numbers(2 * messageCount))
        } finally {
          await third[Symbol.asyncDispose]()
        }
      } finally {
        await second[Symbol.asyncDispose]()
      }
    } finally {
      await first[Symbol.asyncDispose]()
    }
  })

  test('a start says what is missing or wrong', async () => {
    const fails = (args: string[], says: RegExp): Promise<void> =>
      assert.rejects(TestBroker.start(args), says)
    await fails(
      ['--objects', 's3://bucket'],
      /objects and node-name are of a cluster: add --cluster/,
    )
    await fails(
      ['--cluster', 'postgres://db/pabal'],
      /needs a place for its files: add --objects s3:/,
    )
    await fails(
      ['--cluster', 'postgres://127.0.0.1:1/pabal', '--objects', objectsAddress()],
      /the cluster's PostgreSQL cannot be used: .*ECONNREFUSED/,
    )
  })
})

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

async function publish(broker: TestBroker, from: number): Promise<void> {
  await using session = await AmqpSession.open(broker.url)
  const channel = await session.confirmChannel()
  await channel.assertQueue('tasks', { durable: true })
  for (let n = from; n < from + messageCount; n++) {
    channel.sendToQueue('tasks', Buffer.from(String(n)), { persistent: true })
  }
  await channel.waitForConfirms()
}

async function takeAll(broker: TestBroker): Promise<number[]> {
  await using session = await AmqpSession.open(broker.url)
  const channel = await session.channel()
  const taken: number[] = []
  for (;;) {
    const message = await channel.get('tasks', { noAck: true })
    if (message === false) return taken
    taken.push(Number(message.content.toString()))
  }
}

function clientOf({ kafkaPort }: TestBroker): Kafka {
  return new Kafka({ brokers: [`127.0.0.1:${kafkaPort}`], logLevel: logLevel.NOTHING })
}

async function produce(broker: TestBroker, from: number): Promise<void> {
  const producer = clientOf(broker).producer({ allowAutoTopicCreation: true })
  await producer.connect()
  try {
    const messages = numbers(messageCount).map((n) => ({ value: String(from + n), partition: 0 }))
    await producer.send({ topic: 'events', messages })
  } finally {
    await producer.disconnect()
  }
}

async function readAll(broker: TestBroker): Promise<number[]> {
  const consumer = clientOf(broker).consumer({ groupId: 'readers' })
  await consumer.connect()
  try {
    await consumer.subscribe({ topic: 'events', fromBeginning: true })
    const read: number[] = []
    await new Promise<void>((resolve, reject) => {
      const eachMessage = ({ message }: { message: { value: Buffer | null } }): Promise<void> => {
        read.push(Number(String(message.value)))
        if (read.length === 2 * messageCount) resolve()
        return Promise.resolve()
      }
      consumer.run({ eachMessage }).catch(reject)
    })
    return read
  } finally {
    await consumer.disconnect()
  }
}
