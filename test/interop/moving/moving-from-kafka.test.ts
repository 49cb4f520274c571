// docs/moving-from-kafka.md, followed with a Kafka of its own: every command of the page is run, and each record
// has the offset that it had, also where compaction, transactions and retention have left gaps.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import type { RunningBroker } from '../../../bench/systems/broker-system.ts'
import { kafkaSystem } from '../../../bench/systems/kafka-system.ts'
import { exitCodes } from '../../../src/lib/exit-codes.ts'
import { type CopiedRecord, readTopic } from '../../support/read-topic.ts'
import { runPabal, startPabal } from '../../support/run-pabal.ts'
import { setOffsets } from '../../support/set-offsets.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'
import { describeInterop } from '../interop-choice.ts'
import { writePabalCommand } from './pabal-command.ts'
import { PageBlocks } from './page-blocks.ts'

const page = join(import.meta.dirname, '../../../docs/moving-from-kafka.md')
const kafkaMs = 60_000

describeInterop('moving from Kafka as its page says', { language: 'java', own: 'kafka' }, () => {
  let folder: string
  let kafka: RunningBroker
  let pabal: TestBroker
  let blocks: PageBlocks
  let source: Kafka
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pabal-from-kafka-'))
    const settings = { 'log.cleaner.backoff.ms': '200', 'group.initial.rebalance.delay.ms': '0' }
    const started = kafkaSystem({ doesFsync: false, settings }).start(join(folder, 'kafka'))
    pabal = await TestBroker.start(['--kafka-port', '0'])
    kafka = await started
    source = clientOf(kafka.kafkaPort!)
    blocks = new PageBlocks(page, {
      folder,
      env: {
        ...process.env,
        PATH: `${writePabalCommand(folder)}:${process.env['PATH']}`,
        PABAL_DATA: pabal.dataFolder,
      },
      names: { 'kafka.example:9092': `127.0.0.1:${kafka.kafkaPort}` },
    })
  })
  after(async () => {
    await pabal[Symbol.asyncDispose]()
    await kafka.stop('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  const move = (...args: string[]): string[] => [
    'move',
    'kafka',
    '--data',
    pabal.dataFolder,
    '--from',
    `127.0.0.1:${kafka.kafkaPort}`,
    ...args,
  ]
  const both = (topic: string): Promise<[CopiedRecord[], CopiedRecord[]]> =>
    Promise.all([readTopic(kafka.kafkaPort!, topic), readTopic(pabal.kafkaPort, topic)])

  it('copies a topic by the commands of the page, with its settings and groups', async () => {
    const admin = source.admin()
    await admin.connect()
    const configEntries = [
      { name: 'retention.ms', value: '-1' },
      { name: 'max.message.bytes', value: '2000000' },
    ]
    await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 3, configEntries }] })
    const producer = source.producer()
    await producer.connect()
    const send = (from: number, to: number, compression: CompressionTypes): Promise<unknown> =>
      producer.send({
        topic: 'orders',
        compression,
        messages: Array.from({ length: to - from }, (_, n) => ({
          key: `k${from + n}`,
          value: (from + n) % 5 === 0 ? null : `value ${from + n}`,
          headers: { h: Buffer.from([n % 256, 255]), twice: ['a', 'b'] },
          timestamp: `${1_700_000_000_000 + from + n}`,
        })),
      })
    await send(0, 100, CompressionTypes.None)
    await send(100, 200, CompressionTypes.GZIP)
    // It has to know who leads the partition.
    await admin.fetchTopicOffsets('orders')
    await admin.fetchTopicMetadata({ topics: ['orders'] })
    await admin.deleteTopicRecords({ topic: 'orders', partitions: [{ partition: 0, offset: '7' }] })
    await setOffsets(kafka.kafkaPort!, 'readers', 'orders', [9, 20])
    assert.match(await blocks.run('--dry-run'), /^orders +3 +will be made$/m)
    const output = await blocks.run('--topic orders\n')
    assert.match(output, /^orders-0 +done +\d+ +\d+ +0$/m)
    assert.match(output, /Group 'readers': 2 offsets were set/)
    assert.deepEqual(blocks.unused, [])
    const [there, here] = await both('orders')
    assert.equal(there.length, 193)
    assert.deepEqual(here, there)
    await using target = await connectedAdmin(pabal.kafkaPort)
    const [found] = await target.admin.fetchOffsets({ groupId: 'readers', topics: ['orders'] })
    assert.deepEqual(
      found?.partitions.map(({ offset }) => offset),
      ['9', '20', '-1'],
    )
    const described = await target.admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: 'orders' }],
    })
    const values = new Map(
      described.resources[0]?.configEntries.map(({ configName, configValue }) => [
        configName,
        configValue,
      ]),
    )
    for (const { name, value } of configEntries) assert.equal(values.get(name), value)

    // What comes later follows, and a producer at Pabal goes on behind it.
    await send(200, 230, CompressionTypes.GZIP)
    const again = await runPabal(move('--topic', 'orders', '-o', 'json'))
    assert.equal(again.code, exitCodes.ok, again.stderr)
    assert.deepEqual(...(await both('orders')))
    await producer.disconnect()
    await admin.disconnect()
  })

  it('keeps offsets across transactions, also aborted ones at the very end', async () => {
    const producer = source.producer({
      transactionalId: 't',
      maxInFlightRequests: 1,
      idempotent: true,
    })
    await producer.connect()
    const messages = (name: string): { value: string; partition: number }[] =>
      Array.from({ length: 5 }, (_, n) => ({ value: `${name}${n}`, partition: 0 }))
    for (const [name, isCommitted] of [
      ['a', true],
      ['b', false],
      ['c', true],
      ['d', false],
    ] as const) {
      const transaction = await producer.transaction()
      await transaction.send({ topic: 'transactions', messages: messages(name) })
      await (isCommitted ? transaction.commit() : transaction.abort())
    }
    await producer.disconnect()
    await using admin = await connectedAdmin(kafka.kafkaPort!)
    const end = (await admin.admin.fetchTopicOffsets('transactions'))[0]!.high
    assert.equal(end, '24')
    await setOffsets(kafka.kafkaPort!, 'at-end', 'transactions', [Number(end)])
    const { code, stderr } = await runPabal(move('--topic', 'transactions', '--group', 'at-end'))
    assert.equal(code, exitCodes.ok, stderr)
    await using target = await connectedAdmin(pabal.kafkaPort)
    assert.equal((await target.admin.fetchTopicOffsets('transactions'))[0]!.high, end)
    const [found] = await target.admin.fetchOffsets({ groupId: 'at-end', topics: ['transactions'] })
    assert.equal(found?.partitions[0]?.offset, end)
    // The group reads the next record here, whatever stands before it.
    const consumer = clientOf(pabal.kafkaPort).consumer({ groupId: 'at-end' })
    await consumer.connect()
    await consumer.subscribe({ topics: ['transactions'] })
    const read: string[] = []
    await consumer.run({
      eachMessage: async ({ message }) =>
        void read.push(`${message.offset} ${String(message.value)}`),
    })
    const timestamp = '1700000000000'
    for (const port of [kafka.kafkaPort!, pabal.kafkaPort]) {
      const next = clientOf(port).producer()
      await next.connect()
      await next.send({ topic: 'transactions', messages: [{ value: 'next', timestamp }] })
      await next.disconnect()
    }
    await waitFor('the next record', () => read.length > 0, kafkaMs)
    assert.deepEqual(read, [`${end} next`])
    await consumer.disconnect()
    const [there, here] = await both('transactions')
    assert.deepEqual(
      here.map(({ offset }) => Number(offset)),
      [0, 1, 2, 3, 4, 12, 13, 14, 15, 16, 24],
    )
    assert.deepEqual(here, there)
  })

  it('keeps the gaps of a compacted topic, and is gone on with when it is killed', async () => {
    await using admin = await connectedAdmin(kafka.kafkaPort!)
    const configs = {
      'cleanup.policy': 'compact',
      'segment.bytes': `${1024 ** 2}`,
      'min.cleanable.dirty.ratio': '0.01',
      'max.compaction.lag.ms': '1000',
    }
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    await admin.admin.createTopics({ topics: [{ topic: 'table', configEntries }] })
    const producer = source.producer()
    await producer.connect()
    const value = 'x'.repeat(500)
    for (let round = 0; round < 60; round++) {
      const messages = Array.from({ length: 100 }, (_, n) => ({
        key: n % 3 === 0 ? `once ${round} ${n}` : `again ${n}`,
        value: `${round} ${value}`,
      }))
      await producer.send({ topic: 'table', messages })
    }
    await producer.disconnect()
    await waitFor(
      'gaps',
      async () => {
        const records = await readTopic(kafka.kafkaPort!, 'table')
        return records.length < 5000
      },
      kafkaMs,
    )
    const killed = startPabal(move('--topic', 'table', '--no-groups', '--rate', '1000'))
    await waitFor(
      'some are here',
      async () => {
        await using target = await connectedAdmin(pabal.kafkaPort)
        const [found] = await target.admin.fetchTopicOffsets('table').catch(() => [])
        return Number(found?.high ?? 0) > 100
      },
      kafkaMs,
    )
    killed.child.kill('SIGKILL')
    await killed.ended
    await pabal.kill()
    await pabal.restart()
    const { code, stderr } = await runPabal(move('--topic', 'table', '--no-groups'))
    assert.equal(code, exitCodes.ok, stderr)
    const here = await readTopic(pabal.kafkaPort, 'table')
    const there = new Map(
      (await readTopic(kafka.kafkaPort!, 'table')).map((record) => [record.offset, record]),
    )
    // More may have been compacted there meanwhile.
    assert.ok(here.length >= there.size && here.length < 6000)
    for (const record of here) {
      const same = there.get(record.offset)
      if (same !== undefined) assert.deepEqual(record, same)
      there.delete(record.offset)
    }
    assert.equal(there.size, 0)
  })
})

function clientOf(port: number): Kafka {
  return new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING })
}

async function connectedAdmin(
  port: number,
): Promise<{ admin: ReturnType<Kafka['admin']> } & AsyncDisposable> {
  const admin = clientOf(port).admin()
  await admin.connect()
  return { admin, [Symbol.asyncDispose]: () => admin.disconnect() }
}
