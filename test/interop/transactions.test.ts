// Transactions of clients that others wrote, by both versions of the protocol: Java 4 and franz-go by the second, the
// others by the first. PABAL_INTEROP chooses as it does for interop.test.ts; its own name is `transactions`.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { InteropBroker } from './interop-broker.ts'
import { interopChoice } from './interop-choice.ts'
import {
  buildGo,
  buildJava,
  buildJavaOfKafka3,
  findNode,
  preparePython,
  type Preparation,
} from './languages.ts'
import { runClient } from './run-client.ts'
import type { Steps } from './step-table.ts'

const here: string = import.meta.dirname

/** Proven by the definitions of the clients: what is committed is seen, once, and in its order. */
const steps: Steps = {
  'commit transactions': { committed: ['0-0', '0-1', '2-0', '2-1', '3-0', '3-1'], all: 8 },
  'fence a producer': { fenced: true, committed: ['alive'] },
  'offsets in a transaction': { offsets: [5, 5, 7] },
}

const clients: readonly {
  readonly name: string
  readonly language: string
  readonly prepare: () => Promise<Preparation>
}[] = [
  {
    name: '@platformatic/kafka',
    language: 'node',
    prepare: () => findNode('@platformatic/kafka', join(here, 'node/platformatic-transactions.ts')),
  },
  {
    name: 'kafka-clients',
    language: 'java',
    prepare: () => buildJava('interop.KafkaTransactions'),
  },
  {
    name: 'kafka-clients 3',
    language: 'java',
    prepare: () => buildJavaOfKafka3('interop.KafkaTransactions'),
  },
  {
    name: 'confluent-kafka',
    language: 'python',
    prepare: () => preparePython('confluent_kafka_transactions.py'),
  },
  {
    name: 'aiokafka',
    language: 'python',
    prepare: () => preparePython('aiokafka_transactions.py'),
  },
  {
    name: 'franz-go',
    language: 'go',
    prepare: () => buildGo('franz-transactions'),
  },
]

describe('transactions of clients in other languages', () => {
  const words = interopChoice.split(',')
  const chosen = clients.filter(({ name, language }) =>
    ['all', 'transactions', language, name].some((word) => words.includes(word)),
  )
  let broker: InteropBroker
  before(async () => {
    if (chosen.length > 0) broker = await InteropBroker.start(['kafka'])
  })
  after(() => broker?.[Symbol.asyncDispose]())

  for (const { name, prepare } of chosen) {
    it(name, async (test) => {
      const prepared = await prepare()
      if ('missing' in prepared) {
        assert.notEqual(process.env['PABAL_REQUIRE_ALL'], '1', `missing: ${prepared.missing}`)
        return test.skip(`missing: ${prepared.missing}`)
      }
      const args = [
        ...prepared.args,
        broker.address('kafka'),
        `tx-${name.replaceAll(/\W/g, '')}-${process.pid}`,
      ]
      const run = await runClient(prepared.command, args, prepared.env)
      for (const [step, expected] of Object.entries(steps)) {
        const report = run.reports.get(step)
        assert.ok(report, `${step}: not reached; the program ${run.ending}`)
        assert.deepEqual([step, report.error, report.result], [step, undefined, expected])
      }
    })
  }
})
