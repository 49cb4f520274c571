// Share groups of Apache's Java client (KIP-932, KIP-1206, KIP-1222). PABAL_INTEROP chooses as it does for
// interop.test.ts; its own name is `share-groups`, and no language's turn, as a lock takes its time to end.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { InteropBroker } from './interop-broker.ts'
import { interopChoice } from './interop-choice.ts'
import { buildJava } from './languages.ts'
import { runClient } from './run-client.ts'
import type { Steps } from './step-table.ts'

const steps: Steps = {
  'three consumers': { records: 5000, twice: 0, lag: 0 },
  'release and reject': { accepted: 18, deliveries: 3, rejected: 2, lag: 0 },
  'record limit': { most: 7, records: 20 },
  'renew a lock': { locked: 15_000, again: 0 },
  'dead letters': { keys: ['0', '1'], groups: 1, counts: ['1', '2'] },
  'committed records only': { keys: ['committed-0', 'committed-1', 'plain-0'] },
  'offsets and groups': { state: 'Empty', start: 5, left: 0 },
}

describe('share groups of clients in other languages', () => {
  const words = interopChoice.split(',')
  const isChosen = ['all', 'share-groups'].some((word) => words.includes(word))
  let broker: InteropBroker
  before(async () => {
    if (isChosen) broker = await InteropBroker.start(['kafka'])
  })
  after(() => broker?.[Symbol.asyncDispose]())

  if (!isChosen) return
  it('kafka-clients', async (test) => {
    const prepared = await buildJava('interop.KafkaShare')
    if ('missing' in prepared) {
      assert.notEqual(process.env['PABAL_REQUIRE_ALL'], '1', `missing: ${prepared.missing}`)
      return test.skip(`missing: ${prepared.missing}`)
    }
    const args = [...prepared.args, broker.address('kafka'), `share-${process.pid}`]
    const run = await runClient(prepared.command, args, prepared.env)
    for (const [step, expected] of Object.entries(steps)) {
      const report = run.reports.get(step)
      assert.ok(report, `${step}: not reached; the program ${run.ending}`)
      assert.deepEqual([step, report.error, report.result], [step, undefined, expected])
    }
  })
})
