// Programs that Kafka's own system tests are made of: node system-tests.ts HOST:PORT PREFIX

import { rmSync } from 'node:fs'
import { type Change, ConfigCalls, configType } from '../../../support/config-calls.ts'
import { KafkaRawClient } from '../../../support/kafka-raw-client.ts'
import { broker, prefix, step } from '../../node/report.ts'
import { folder, RECORDS, run, tools } from './system-program.ts'

/** Many batches: the last one of a partition is not compacted. */
const COMPACTED_RECORDS = 20_000

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

rmSync(folder, { recursive: true, force: true })
