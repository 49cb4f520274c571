// `pabal move` from a broker that is reached by TLS, with a login: here from another Pabal.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { exitCodes } from '../../src/lib/exit-codes.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { readTopic } from '../support/read-topic.ts'
import { type Ended, runPabal } from '../support/run-pabal.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { TlsBroker } from '../support/tls-broker.ts'

let source: TlsBroker
let target: TestBroker
before(async () => {
  source = await TlsBroker.start({ user: 'mover', password: 'its secret' })
  target = await TestBroker.start(['--kafka-port', '0'])
})
after(async () => {
  await source[Symbol.asyncDispose]()
  await target[Symbol.asyncDispose]()
})

function move(args: readonly string[], password = 'its secret'): Promise<Ended> {
  const words = ['move', ...args, '--data', target.dataFolder]
  return runPabal(words, { MOVE_FROM_PASSWORD: password })
}

it('moves a queue by amqps://, from who is trusted', async () => {
  const port = source.port('amqp-tls')
  const [there, here] = [`amqp://mover:its%20secret@127.0.0.1:${source.port('amqp')}`, target.url]
  for (const url of [there, here]) {
    await using session = await AmqpSession.open(url)
    const channel = await session.confirmChannel()
    await channel.assertQueue('q')
    if (url === there) channel.sendToQueue('q', Buffer.from('a'))
    await channel.waitForConfirms()
  }
  for (const host of ['localhost', '127.0.0.1']) {
    const args = ['rabbitmq', '--from', `amqps://mover@${host}:${port}`, '--queue', 'q']
    const stranger = await move(args)
    assert.equal(stranger.code, exitCodes.unavailable)
    assert.match(stranger.stderr, /certificate/)
    const moved = await move([...args, '--from-tls-ca', source.caFile])
    assert.equal(moved.code, exitCodes.ok, moved.stderr)
  }
  await using session = await AmqpSession.open(here)
  assert.equal((await (await session.channel()).checkQueue('q')).messageCount, 1)
})

it('copies a topic by TLS, with each way to log in', async () => {
  const sasl = { mechanism: 'plain', username: 'mover', password: 'its secret' } as const
  const brokers = [`127.0.0.1:${source.port('kafka')}`]
  const producer = new Kafka({ brokers, sasl, logLevel: logLevel.NOTHING }).producer()
  await producer.connect()
  await producer.send({ topic: 't', messages: [{ value: 'a' }] })
  await producer.disconnect()
  const plain = ['PLAIN']
  for (const [host, mechanisms] of [
    ['localhost', [...plain, 'SCRAM-SHA-256', 'SCRAM-SHA-512']],
    ['127.0.0.1', plain],
  ] as const) {
    const args = ['kafka', '--from', `${host}:${source.port('kafka-tls')}`, '--topic', 't']
    const login = ['--from-tls', '--from-user', 'mover']
    const stranger = await move([...args, ...login])
    assert.equal(stranger.code, exitCodes.unavailable, stranger.stderr)
    assert.match(stranger.stderr, /certificate/)
    for (const mechanism of mechanisms) {
      const trusting = ['--from-tls-ca', source.caFile, '--from-mechanism', mechanism]
      const moved = await move([...args, ...login, ...trusting])
      assert.equal(moved.code, exitCodes.ok, moved.stderr)
      if (host !== 'localhost') assert.doesNotMatch(moved.stderr, /Warning/)
    }
  }
  const wrong = ['kafka', '--from', brokers[0]!, '--topic', 't', '--from-user', 'mover']
  assert.equal((await move(wrong, 'wrong')).code, exitCodes.notPermitted)
  assert.deepEqual(
    (await readTopic(target.kafkaPort, 't')).map(({ value }) => value),
    ['a'],
  )
})
