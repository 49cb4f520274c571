// A committed offset is about one topic or queue. It must never show under another one that gets the
// name later, whoever deleted the first, and when.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import kafkajs, { type Admin } from 'kafkajs'
import { startBroker, type StartOptions } from '../../src/start-broker.ts'
import { ScratchFolder } from '../process/broker-program.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'

const { Kafka, logLevel } = kafkajs

/** Runs a broker on `data` for as long as `body` takes. */
async function run(
  data: string,
  kafkaPort: StartOptions['kafkaPort'] & (number | 'off'),
  body: (ports: { amqp: number; kafka: number }) => Promise<void>,
): Promise<void> {
  await using broker = await startBroker({
    data,
    ...otherPortsOff,
    amqpPort: 0,
    httpPort: 'off',
    kafkaPort,
  })
  const { amqp, kafka } = broker.addresses
  await body({ amqp: amqp?.port ?? 0, kafka: kafka?.port ?? 0 })
}

async function withAdmin(port: number, body: (admin: Admin) => Promise<void>): Promise<void> {
  const kafka = new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  try {
    await body(admin)
  } finally {
    await admin.disconnect()
  }
}

async function declare(port: number, isAgain: boolean): Promise<void> {
  await using session = await AmqpSession.open(`amqp://guest:guest@127.0.0.1:${port}`)
  const channel = await session.channel()
  if (isAgain) await channel.deleteQueue('jobs')
  await channel.assertQueue('jobs', { durable: true })
}

async function committedOffset(admin: Admin): Promise<string | undefined> {
  const [topic] = await admin.fetchOffsets({ groupId: 'g', topics: ['jobs'] })
  return topic?.partitions[0]?.offset
}

for (const kafkaPort of ['off', 0] as const) {
  const how = kafkaPort === 'off' ? "while Kafka's port is off" : "while Kafka's port is open"
  test(`a queue that is declared again ${how} has no offsets of the one before`, async () => {
    using folder = new ScratchFolder()
    const data = folder.file('data')
    await run(data, 0, async (ports) => {
      await declare(ports.amqp, false)
      await withAdmin(ports.kafka, async (admin) => {
        const partitions = [{ partition: 0, offset: '9' }]
        await admin.setOffsets({ groupId: 'g', topic: 'jobs', partitions })
        assert.equal(await committedOffset(admin), '9')
      })
    })
    await run(data, 0, (ports) =>
      withAdmin(ports.kafka, async (admin) => assert.equal(await committedOffset(admin), '9')),
    )
    await run(data, kafkaPort, (ports) => declare(ports.amqp, true))
    await run(data, 0, (ports) =>
      withAdmin(ports.kafka, async (admin) => assert.equal(await committedOffset(admin), '-1')),
    )
  })
}
