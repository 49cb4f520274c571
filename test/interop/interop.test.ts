// Clients that others wrote do what they do with Kafka and with RabbitMQ. Each client is a program
// in its own language that prints one JSON line per step; steps.ts says what it must print.
//
// Without PABAL_INTEROP only the Node clients run; `npm run test:interop` runs all but Rust and
// writes the table in docs/compatibility.md. PABAL_INTEROP=java,kcat names languages and clients.
// In CI Java and Go take turns by commit (PABAL_INTEROP=turn).
// With PABAL_REQUIRE_ALL=1 (CI) nothing is skipped, and the table is compared instead of written.

import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import type { Client } from './client.ts'
import { clientsTable } from './clients-table.ts'
import { chooseClients } from './clients.ts'
import { tableFor } from './cluster-table.ts'
import { InteropBroker, isExternal } from './interop-broker.ts'
import { interopChoice } from './interop-choice.ts'
import { Results } from './results.ts'
import { runClient, type ClientRun } from './run-client.ts'
import { stepsOf } from './steps.ts'

const requiresAll: boolean = process.env['PABAL_REQUIRE_ALL'] === '1'
const isForTable: boolean = interopChoice !== '' && !isExternal

describe('clients in other languages', () => {
  const results = new Results(tableFor(clientsTable))
  const chosen = chooseClients(interopChoice)
  let broker: InteropBroker
  before(async () => {
    broker = await InteropBroker.start(chosen.map(({ protocol }) => protocol))
  })
  after(async () => {
    await broker[Symbol.asyncDispose]()
    if (isForTable && !requiresAll) results.write()
  })

  // Two at a time: most of what each takes is the start of its language.
  describe('each by itself', { concurrency: 2 }, () => {
    for (const client of chosen)
      it(`${client.name} (${client.language})`, async (test) => {
        const prepared = await client.prepare()
        if ('missing' in prepared) return skip(test, client, prepared.missing)
        const prefix = `${client.name.replaceAll(/\W/g, '')}-${process.pid}`
        const args = [...prepared.args, broker.address(client.protocol), prefix]
        await checkSteps(
          test,
          client,
          await runClient(prepared.command, args, prepared.env),
          results,
        )
      })
  })

  if (isForTable && requiresAll)
    it('docs/compatibility.md says what was seen', () => results.compare())
})

function skip(test: TestContext, client: Client, missing: string): void {
  const reason = `missing: ${missing}`
  if (requiresAll && client.language !== 'Rust') throw new Error(reason)
  test.skip(reason)
}

async function checkSteps(
  test: TestContext,
  client: Client,
  run: ClientRun,
  results: Results,
): Promise<void> {
  for (const [step, expected] of Object.entries(stepsOf[client.protocol])) {
    if (step in client.cannot) continue
    let verdict: 'works' | 'fails' = 'fails'
    await test.test(step, () => {
      const report = run.reports.get(step)
      assert.ok(report, `not reached; the program ${run.ending}`)
      assert.equal(report.error, undefined)
      assert.deepEqual(report.result, expected)
      verdict = 'works'
    })
    results.add(client, step, verdict)
  }
}
