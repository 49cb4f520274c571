// A broker that is to stop, or to be without clients for a while, lets them finish: what was begun is
// answered, AMQP's clients are told why, and who looks at its health hears of it first.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { type ChannelModel, connect } from 'amqplib'
import { systemRandom } from '../../src/lib/random.ts'
import type { Node } from '../../src/node/node.ts'
import { fetchFromStart, fetchRequest } from '../support/fetch-request.ts'
import { batchOfRecords, KafkaFixture } from '../support/kafka-fixture.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor, within } from '../support/wait-for.ts'
import { BrokerProgram, ScratchFolder } from './broker-program.ts'

const freePorts = ['--http-port', '0', '--kafka-port', '0']

async function readiness(port: number): Promise<[status: number, state: unknown]> {
  const answer = await fetch(`http://127.0.0.1:${port}/health/ready`)
  return [answer.status, ((await answer.json()) as { readonly status: unknown }).status]
}

/** Resolves with what the client is told when it has to go. */
async function farewell(connection: ChannelModel): Promise<string> {
  // amqplib takes it for no error.
  const [error] = (await within('it has to go', once(connection, 'close'))) as [Error]
  return error.message
}

/** What a command says about the broker. */
async function run(broker: TestBroker, command: string): Promise<string> {
  using folder = new ScratchFolder()
  await using program = BrokerProgram.run(folder, [command, '--data', broker.dataFolder])
  const { code } = await program.ended()
  assert.equal(code, 0, program.stderr)
  return program.stdout
}

/** The storage answers so late that a test sees what happens meanwhile. */
const lateStorage = {
  random: { ...systemRandom, below: (bound: number) => bound - 1 },
  delayMsMax: 300,
}

/** Bytes that clients have sent. */
function receivedSize(node: Node): number {
  return Array.from(node.clients).reduce((sum, client) => sum + client.receivedSize, 0)
}

test('a produce that was begun is answered before the broker has stopped', async () => {
  await using fixture = await KafkaFixture.start({ storage: lateStorage })
  await fixture.createTopic('orders')
  const { clients } = fixture.broker as Node
  const produced = fixture.produce('orders', batchOfRecords([{ value: 'the last one' }]))
  await waitFor('it has come', () => clients.totals().published > 0)
  await fixture.broker.close()
  assert.equal((await produced).errorCode, 0)
})

test('a poll that waits is answered when the broker stops, and does not keep it', async () => {
  await using fixture = await KafkaFixture.start()
  await fixture.createTopic('orders')
  const node = fixture.broker as Node
  const before = receivedSize(node)
  const asked = fetchRequest([fetchFromStart('orders', 1000)], {
    maxWaitMs: 60_000,
    minBytes: 1,
    maxBytes: 1000,
  })
  const polled = fixture.client.call('fetch', asked, 12)
  await waitFor('it has come', () => receivedSize(node) > before)
  await within('the broker stops', node.close(), asked.maxWaitMs / 2)
  const { responses } = await polled
  assert.equal(responses[0]?.partitions[0]?.errorCode, 0)
})

test('a broker in maintenance has no clients, and has them again at its ports', async () => {
  await using broker = await TestBroker.start(freePorts)
  const connection = await connect(broker.url)
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue('kept', { durable: true })
  channel.sendToQueue('kept', Buffer.from('still there'), { persistent: true })
  await channel.waitForConfirms()
  await using kafka = await KafkaRawClient.connect(broker.kafkaPort)
  const told = farewell(connection)
  assert.match(await run(broker, 'drain'), /has no clients/)
  assert.match(await told, /320.*CONNECTION_FORCED - Node was put into maintenance mode/)
  await waitFor('the Kafka client is gone', () => kafka.isClosed)
  await assert.rejects(connect(broker.url), /ECONNREFUSED/)
  await assert.rejects(KafkaRawClient.connect(broker.kafkaPort), /ECONNREFUSED/)
  assert.deepEqual(await readiness(broker.httpPort), [503, 'maintenance'])
  await run(broker, 'drain')
  assert.match(await run(broker, 'revive'), /lets clients in/)
  assert.deepEqual(await readiness(broker.httpPort), [200, 'ok'])
  const again = await connect(broker.url)
  const message = await (await again.createChannel()).get('kept', { noAck: true })
  assert.equal(message === false ? '' : message.content.toString(), 'still there')
  await again.close()
  assert.equal(await broker.stop(), 0)
})

test('a broker in maintenance stops', async () => {
  await using broker = await TestBroker.start(freePorts)
  await run(broker, 'drain')
  assert.equal(await broker.stop(), 0)
})

test('with a shutdown delay it serves on while its health says that it stops', async () => {
  await using broker = await TestBroker.start([...freePorts, '--shutdown-delay', '3'])
  const stopped = broker.stop()
  await waitFor('it says so', () => broker.output.includes('stopping in 3 s'))
  assert.deepEqual(await readiness(broker.httpPort), [503, 'stopping'])
  const connection = await connect(broker.url)
  const told = farewell(connection)
  assert.match(await told, /320.*CONNECTION_FORCED - broker forced connection closure/)
  assert.equal(await stopped, 0)
  assert.match(broker.output, /"msg":"stopped"\}\n$/)
})
