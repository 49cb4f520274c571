// Programs that Kafka's own system tests are made of: node system-tests.ts HOST:PORT PREFIX

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Change, ConfigCalls, configType } from '../../../support/config-calls.ts'
import { KafkaRawClient } from '../../../support/kafka-raw-client.ts'
import { broker, prefix, range, step } from '../../node/report.ts'
import { properties } from './connect-worker.ts'
import { JavaProcess } from './java-process.ts'
import { administer, missingAndDoubled, recordsOf, send, valuesOf } from './kafka-side.ts'

const tools = 'org.apache.kafka.tools'
const folder = mkdtempSync(join(tmpdir(), 'pabal-system-'))
const RECORDS = 2000
/** Many batches: the last one of a partition is not compacted. */
const COMPACTED_RECORDS = 20_000

function start(main: string, args: string): JavaProcess {
  return new JavaProcess([main, ...args.split(' ')], { folder })
}

/** What a program wrote until it ended by itself. @throws Error with it unless it ended with 0. */
async function run(main: string, args: string): Promise<string> {
  await using process = start(main, args)
  const code = await process.ended()
  if (code !== 0) throw new Error(`ended with ${code}:\n${process.output.slice(-3000)}`)
  return process.output
}

async function makeTopics(names: readonly string[], numPartitions: number): Promise<void> {
  const topics = names.map((topic) => ({ topic, numPartitions }))
  await administer((admin) => admin.createTopics({ topics }))
}

await step('ClientCompatibilityTest', async () => {
  const supported = ['offsets-for-times', 'cluster-id', 'create-topics', 'describe-acls']
    .concat('describe-configs', 'idempotent-producer')
    .map((what) => `--${what}-supported True`)
  const args = [...supported, '--expect-record-too-large-exception False', '--num-cluster-nodes 1']
  const topic = `${prefix}-compatible`
  const common = `--bootstrap-server ${broker} --topic ${topic}`
  const said = await run(`${tools}.ClientCompatibilityTest`, `${common} ${args.join(' ')}`)
  return { success: said.includes('SUCCESS.') }
})

await step('VerifiableProducer and VerifiableConsumer', async () => {
  const topic = `${prefix}-verified`
  const common = `--bootstrap-server ${broker} --topic ${topic}`
  const written = await run(
    `${tools}.VerifiableProducer`,
    `${common} --max-messages ${RECORDS} --acks -1`,
  )
  const read = await run(
    `${tools}.VerifiableConsumer`,
    `${common} --group-id ${topic} --max-messages ${RECORDS} --reset-policy earliest`,
  )
  const acked = /"acked":(\d+)/.exec(written)?.[1]
  const last = read.split('"offsets_committed"').at(-1) ?? ''
  return { acked: Number(acked), committed: Number(/"offset":(\d+)/.exec(last)?.[1]) }
})

await step('TransactionalMessageCopier with random aborts, killed', async () => {
  const [from, to] = [`${prefix}-copy-from`, `${prefix}-copy-to`]
  await makeTopics([from, to], 1)
  const values = range(RECORDS).map((n) => `${n}`)
  await send(
    from,
    values.map((value) => ({ key: value, value })),
  )
  const args = [
    `--broker-list ${broker} --input-topic ${from} --input-partition 0 --output-topic ${to}`,
    `--transactional-id ${prefix}-copier --consumer-group ${prefix}-copiers`,
    '--transaction-size 50 --enable-random-aborts --use-group-metadata',
  ].join(' ')
  await using first = start(`${tools}.TransactionalMessageCopier`, args)
  await first.until('some are copied', async () => (await valuesOf(to)).length > 0)
  await first.kill()
  await run(`${tools}.TransactionalMessageCopier`, args)
  const copied = await valuesOf(to)
  return { ...missingAndDoubled(values, copied), inOrder: copied.every((v, n) => v === values[n]) }
})

/** Settings of the broker for `use`, and none of them after it. */
async function withSettings<T>(
  settings: Readonly<Record<string, string>>,
  use: () => Promise<T>,
): Promise<T> {
  await using client = await KafkaRawClient.connect(Number(broker.split(':').at(-1)))
  const alter = (changes: readonly Change[]): Promise<unknown> =>
    new ConfigCalls(client).alter(configType.broker, '', changes)
  await alter(Object.entries(settings))
  try {
    return await use()
  } finally {
    await alter(Object.keys(settings).map((name) => [name, null]))
  }
}

await step('LogCompactionTester', async () => {
  // The active part of its topics, which have no settings of their own, ends after a week: what it reads is compacted
  // only where that is shorter, here as on Kafka, whose own test of it has small segments.
  const settings = { 'log.roll.ms': '500', 'log.cleaner.backoff.ms': '500' }
  const said = await withSettings(settings, () =>
    run(
      `${tools}.LogCompactionTester`,
      `--bootstrap-server ${broker} --messages ${COMPACTED_RECORDS} --topics 2 --percent-deletes 20 --sleep 10`,
    ),
  )
  const [, values, mismatches] = /Validated (\d+) values, (\d+) mismatches/.exec(said) ?? []
  const reduction = /\((-?[\d.]+)% reduction\)/.exec(said)?.[1]
  return {
    values: Number(values) > 0,
    mismatches: Number(mismatches),
    // Of five records of a key four go.
    reduced: Number(reduction) > 50,
  }
})

await step('StreamsSmokeTest, exactly once, killed', async () => {
  const main = 'org.apache.kafka.streams.tests.StreamsSmokeTest'
  const file = join(folder, 'smoke.properties')
  const settings = {
    'bootstrap.servers': broker,
    'state.dir': join(folder, 'state'),
    'processing.guarantee': 'exactly_once_v2',
    'session.timeout.ms': '6000',
  }
  writeFileSync(file, properties(settings))
  await makeTopics(['data', 'echo', 'max', 'min', 'dif', 'sum', 'cnt', 'avg', 'tagg'], 5)
  const driver = run(main, `${file} run`)
  const first = start(main, `${file} process`)
  await first.until('some is counted', async () => (await recordsOf('cnt')).length > 50)
  await first.kill()
  await using _second = start(main, `${file} process`)
  const said = await driver
  return { success: /^SUCCESS$/m.test(said), failed: /PROCESSED-\w+ FAILED|^FAIL/m.test(said) }
})

rmSync(folder, { recursive: true, force: true })
