// Clients of other languages in groups of the consumer protocol (KIP-848), beside members of the classic protocol:
// partitions are shared, groups go over and back. PABAL_INTEROP chooses as it does for interop.test.ts; its own name
// is `consumer-groups`.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { TestBroker } from '../support/start-test-broker.ts'
import { interopChoice } from './interop-choice.ts'
import { buildJava, preparePython, type Preparation } from './languages.ts'
import { runClient } from './run-client.ts'
import type { Steps } from './step-table.ts'

/** How many partitions of six each member has, in the order in which they came. */
const steps: Steps = {
  share: { alone: [6], together: [3, 3] },
  'take over': { left: [6] },
  'a pattern': { before: [2], after: [5] },
  'go over': { classic: [6], both: [3, 3], consumer: [6] },
  'go back': { both: [3, 3], classic: [6] },
}

const clients: readonly {
  readonly name: string
  readonly language: string
  readonly prepare: () => Promise<Preparation>
}[] = [
  {
    name: 'kafka-clients',
    language: 'java',
    prepare: () => buildJava('interop.KafkaConsumerGroups'),
  },
  {
    name: 'confluent-kafka',
    language: 'python',
    prepare: () => preparePython('confluent_kafka_consumer_groups.py'),
  },
]

const flags = [
  '--kafka-port=0',
  '--kafka-group-consumer-heartbeat-interval-ms=200',
  '--kafka-group-consumer-min-heartbeat-interval-ms=100',
]

describe('the consumer protocol of clients in other languages', () => {
  const words = interopChoice.split(',')
  const chosen = clients.filter(({ name, language }) =>
    ['all', 'consumer-groups', language, name].some((word) => words.includes(word)),
  )
  let broker: TestBroker
  before(async () => {
    if (chosen.length > 0) broker = await TestBroker.start(flags)
  })
  after(() => broker?.[Symbol.asyncDispose]())

  for (const { name, prepare } of chosen) {
    it(name, async (test) => {
      const prepared = await prepare()
      if ('missing' in prepared) {
        assert.notEqual(process.env['PABAL_REQUIRE_ALL'], '1', `missing: ${prepared.missing}`)
        return test.skip(`missing: ${prepared.missing}`)
      }
      const address = `127.0.0.1:${broker.kafkaPort}`
      const args = [...prepared.args, address, `groups-${name}-${process.pid}`]
      const run = await runClient(prepared.command, args, prepared.env)
      for (const [step, expected] of Object.entries(steps)) {
        const report = run.reports.get(step)
        assert.ok(report, `${step}: not reached; the program ${run.ending}`)
        assert.deepEqual([step, report.error, report.result], [step, undefined, expected])
      }
    })
  }
})
