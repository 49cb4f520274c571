// Programs that Kafka's own system tests are made of: node system-tests.ts HOST:PORT PREFIX

import { rmSync } from 'node:fs'
import { broker, prefix, step } from '../../node/report.ts'
import { folder, RECORDS, run, tools } from './system-program.ts'

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

await step('LogCompactionTester', async () => {
  const said = await run(
    `${tools}.LogCompactionTester`,
    `--bootstrap-server ${broker} --messages ${RECORDS} --topics 2 --percent-deletes 20`,
  )
  const [, values, mismatches] = /Validated (\d+) values, (\d+) mismatches/.exec(said) ?? []
  return { values: Number(values) > 0, mismatches: Number(mismatches) }
})

rmSync(folder, { recursive: true, force: true })
