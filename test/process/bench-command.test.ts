import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AmqpSession } from '../support/amqp-session.ts'
import { pabal } from '../support/pabal-command.ts'
import { TestBroker } from '../support/start-test-broker.ts'

type Row = Readonly<Record<string, number>>

async function queuesOf(broker: TestBroker): Promise<unknown> {
  const { out } = await pabal(['ls', '--data', broker.dataFolder, '-o', 'json'])
  return JSON.parse(out.join(''))
}

test('bench counts each second, sums up and deletes its queue', async () => {
  await using broker = await TestBroker.start()
  const size = ['--seconds', '1', '--rate', '500', '--publishers', '2', '--queue-type', 'quorum']
  const { code, out, talk } = await pabal([
    'bench',
    '--data',
    broker.dataFolder,
    '-o',
    'ndjson',
    ...size,
  ])
  assert.equal(code, 0, talk.join('\n'))
  const [second, sum, ...others] = out.map((line) => JSON.parse(line) as Row)
  assert.equal(others.length, 0)
  assert.equal(second?.['second'], 1)
  assert.equal(sum?.['left'], 0)
  const published = sum?.['published'] ?? 0
  assert.ok(published > 300 && published <= 520, `${published} published at 500 per second`)
  assert.ok((sum?.['latencyMsP50'] ?? 0) > 0)
  assert.ok((sum?.['latencyMsP50'] ?? 0) <= (sum?.['latencyMsMax'] ?? 0))
  assert.deepEqual(await queuesOf(broker), [])
})

test('bench publishes without confirms and without consumers', async () => {
  await using broker = await TestBroker.start()
  const size = ['--seconds', '1', '--confirms', '0', '--consumers', '0', '--size', '8']
  const { code, out } = await pabal(['bench', '--url', broker.url, '--yes', '-o', 'json', ...size])
  assert.equal(code, 0)
  const row = JSON.parse(out.join('')) as Row
  assert.ok((row['published'] ?? 0) > 1000)
  assert.deepEqual([row['confirmed'], row['consumed']], [0, 0])
  assert.equal(row['left'], row['published'])
  assert.deepEqual(await queuesOf(broker), [])
})

test('bench does the same over the protocol of Kafka', async () => {
  await using broker = await TestBroker.start(['--kafka-port', '0'])
  const size = ['--seconds', '1', '--rate', '400', '--consumers', '2', '-o', 'json']
  const { code, out, talk } = await pabal(['bench', 'kafka', '--data', broker.dataFolder, ...size])
  assert.equal(code, 0, talk.join('\n'))
  const row = JSON.parse(out.join('')) as Row
  const { published = 0, confirmed, consumed, left } = row
  assert.ok(published > 200 && published <= 440, `${published} published at 400 per second`)
  // What was on its way at the end is consumed, and not counted.
  assert.ok((confirmed ?? 0) > 0 && (consumed ?? 0) > 0)
  assert.equal(left, 0)
  assert.deepEqual(await queuesOf(broker), [])
})

test('bench asks before it disturbs others', async () => {
  await using broker = await TestBroker.start()
  const data = ['--data', broker.dataFolder]
  {
    await using _other = await AmqpSession.open(broker.url)
    const unasked = await pabal(['bench', ...data, '--seconds', '1'])
    assert.equal(unasked.code, 64)
    assert.match(unasked.talk.join(''), /1 other connections: say --yes/)
  }
  const elsewhere = await pabal(['bench', '--url', broker.url], { answers: ['no'] })
  assert.equal(elsewhere.code, 77)
})

test('bench says what it cannot do', async () => {
  const problems = await Promise.all([
    pabal(['bench', '--size', '7']),
    pabal(['bench', '--queue-type', 'fast']),
    pabal(['bench', '--url', 'http://localhost']),
    pabal(['bench', 'mqtt']),
    pabal(['bench', 'kafka', '--queue-type', 'quorum']),
    pabal(['bench', 'kafka', '--confirms', '0']),
  ])
  assert.deepEqual(
    problems.map(({ code }) => code),
    [64, 64, 64, 64, 64, 64],
  )
  // A port where nobody listens.
  const nobody = await pabal(['bench', '--url', 'amqp://localhost:1', '--yes'])
  assert.equal(nobody.code, 69)
})
