// `pabal move kafka` between two brokers, both of which are Pabal here: offsets are the same, and so they stay
// however the move ends. test/interop/moving does it with Kafka.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { exitCodes } from '../../src/lib/exit-codes.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { readTopic } from '../support/read-topic.ts'
import { runPabal, startPabal } from '../support/run-pabal.ts'
import { setOffsets } from '../support/set-offsets.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

let source: TestBroker
let target: TestBroker
before(async () => {
  const brokers = await Promise.all(
    [1, 2].map(() => TestBroker.start(['--kafka-port', '0', '--vhosts', 'other'])),
  )
  source = brokers[0]!
  target = brokers[1]!
})
after(async () => {
  await source[Symbol.asyncDispose]()
  await target[Symbol.asyncDispose]()
})

function moveArgs(...args: string[]): string[] {
  const from = `127.0.0.1:${source.kafkaPort}`
  return ['move', 'kafka', '--data', target.dataFolder, '--from', from, ...args]
}

const clientOf = ({ kafkaPort }: TestBroker): Kafka =>
  new Kafka({ brokers: [`127.0.0.1:${kafkaPort}`], logLevel: logLevel.NOTHING })

async function produce(
  broker: TestBroker,
  topic: string,
  values: readonly string[],
): Promise<void> {
  const producer = clientOf(broker).producer()
  await producer.connect()
  for (let at = 0; at < values.length; at += 50) {
    const messages = values.slice(at, at + 50).map((value) => ({ value, partition: 0 }))
    await producer.send({ topic, messages })
  }
  await producer.disconnect()
}

const numbered = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${n} ${'x'.repeat(1000)}`)

async function withAdmin<T>(
  broker: TestBroker,
  use: (admin: ReturnType<Kafka['admin']>) => Promise<T>,
): Promise<T> {
  const admin = clientOf(broker).admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}

const endOf = (broker: TestBroker, topic: string): Promise<number> =>
  withAdmin(broker, async (admin) =>
    admin.fetchTopicOffsets(topic).then(
      ([found]) => Number(found?.high ?? 0),
      () => 0,
    ),
  )

describe('pabal move kafka', () => {
  it('misses nothing and copies nothing twice, whatever is killed', async () => {
    await produce(source, 'killed', numbered(4000))
    const args = moveArgs('--topic', 'killed', '--byte-rate', '1500000')
    const killed = startPabal(args)
    await waitFor('some are here', async () => (await endOf(target, 'killed')) > 100)
    killed.child.kill('SIGKILL')
    await killed.ended
    await target.kill()
    await target.restart()
    assert.ok((await endOf(target, 'killed')) < 4000)
    const { code, stderr } = await runPabal(moveArgs('--topic', 'killed'))
    assert.equal(code, exitCodes.ok, stderr)
    const here = await readTopic(target.kafkaPort, 'killed')
    assert.deepEqual(here, await readTopic(source.kafkaPort, 'killed'))
    assert.equal(here.length, 4000)
  })

  it('begins where the source begins, and sets groups forward only', async () => {
    await produce(source, 'trimmed', numbered(100))
    await withAdmin(source, async (admin) => {
      await admin.fetchTopicMetadata({ topics: ['trimmed'] })
      await admin.fetchTopicOffsets('trimmed')
      await admin.deleteTopicRecords({
        topic: 'trimmed',
        partitions: [{ partition: 0, offset: '60' }],
      })
    })
    for (const group of ['behind', 'ahead', 'other'])
      await setOffsets(source.kafkaPort, group, 'trimmed', [70])
    const groups = ['--group', 'behind', '--group', 'ahead']
    const first = await runPabal(moveArgs('--topic', 'trimmed', ...groups))
    assert.equal(first.code, exitCodes.ok, first.stderr)
    await withAdmin(target, async (admin) => {
      const [place] = await admin.fetchTopicOffsets('trimmed')
      assert.deepEqual([place?.low, place?.high], ['60', '100'])
    })
    await setOffsets(target.kafkaPort, 'ahead', 'trimmed', [90])
    const again = await runPabal(moveArgs('--topic', 'trimmed', ...groups))
    assert.equal(again.code, exitCodes.ok, again.stderr)
    await withAdmin(target, async (admin) => {
      const offsets: (string | undefined)[] = []
      for (const groupId of ['behind', 'ahead', 'other']) {
        const [found] = await admin.fetchOffsets({ groupId, topics: ['trimmed'] })
        offsets.push(found?.partitions[0]?.offset)
      }
      assert.deepEqual(offsets, ['70', '90', '-1'])
    })
    assert.deepEqual(
      await readTopic(target.kafkaPort, 'trimmed'),
      await readTopic(source.kafkaPort, 'trimmed'),
    )
  })

  it('copies what comes later until Ctrl-C, and consumers of AMQP see it', async () => {
    await produce(source, 'live', ['a'])
    const running = startPabal(moveArgs('--topic', 'live', '--keep-running', '-o', 'json'))
    await waitFor('the first is here', async () => (await endOf(target, 'live')) === 1)
    await produce(source, 'live', ['b', 'c'])
    await waitFor('all are here', async () => (await endOf(target, 'live')) === 3)
    running.child.kill('SIGINT')
    const { code, stdout } = await running.ended
    assert.equal(code, exitCodes.ok)
    assert.deepEqual(
      (JSON.parse(stdout) as { records: number; left: number }[]).map(({ records, left }) => ({
        records,
        left,
      })),
      [{ records: 3, left: 0 }],
    )
    await using session = await AmqpSession.open(target.url)
    const channel = await session.channel()
    await channel.prefetch(10)
    const bodies: string[] = []
    const from = { arguments: { 'x-stream-offset': 'first' } }
    await channel.consume('live', (message) => bodies.push(String(message?.content)), from)
    await waitFor('all are read', () => bodies.length === 3)
    assert.deepEqual(bodies, ['a', 'b', 'c'])
  })

  it('refuses topics that others have written to, and says what is missing', async () => {
    await produce(source, 'shared', ['a'])
    await produce(target, 'shared', ['b'])
    const shared = await runPabal(moveArgs('--topic', 'shared'))
    assert.equal(shared.code, exitCodes.dataDamaged)
    assert.match(shared.stderr, /has records of others/)
    const dry = await runPabal(moveArgs('--topic', 'shared', '--dry-run'))
    assert.match(dry.stdout, /^shared +1 +has records of others$/m)
    const missing = await runPabal(moveArgs('--topic', 'none'))
    assert.equal(missing.code, exitCodes.noInput)
    assert.match(missing.stderr, /topic 'none'/)
    const nobody = await runPabal(moveArgs('--topic', 'shared', '--from', '127.0.0.1:1'))
    assert.equal(nobody.code, exitCodes.unavailable)
    const unknown = await runPabal(moveArgs('--topic', 'shared', '--from-user', 'nobody'), {
      MOVE_FROM_PASSWORD: 'wrong',
    })
    assert.equal(unknown.code, exitCodes.notPermitted, unknown.stderr)
    assert.doesNotMatch(unknown.stderr, /wrong/)
  })
})
