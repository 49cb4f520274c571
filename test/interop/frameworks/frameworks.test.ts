// Programs written with a framework, as its users write theirs, do with Pabal what they do with
// RabbitMQ or Kafka. Each prints one JSON line per step, which must equal what its steps say.
//
// Without PABAL_FRAMEWORKS none runs: their libraries are many. `npm run test:frameworks` runs all
// and writes the table in docs/compatibility.md. With PABAL_REQUIRE_ALL=1 (CI, which takes turns by
// commit) nothing is skipped, and the table is compared instead of written.

import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { tableFor } from '../cluster-table.ts'
import { InteropBroker, isExternal } from '../interop-broker.ts'
import { Results, type Verdict } from '../results.ts'
import { runClient, type ClientRun } from '../run-client.ts'
import { commitNumber } from './commit-number.ts'
import type { Framework } from './framework.ts'
import { frameworksTable } from './frameworks-table.ts'
import { chooseFrameworks } from './frameworks.ts'

const requiresAll: boolean = process.env['PABAL_REQUIRE_ALL'] === '1'
const chosen = chooseFrameworks(process.env['PABAL_FRAMEWORKS'], commitNumber)

describe('frameworks', { concurrency: 2 }, () => {
  const results = new Results(tableFor(frameworksTable))
  let broker: InteropBroker
  before(async () => {
    broker = await InteropBroker.start(['amqp', 'kafka'])
  })
  after(async () => {
    await broker[Symbol.asyncDispose]()
    if (chosen.length === 0 || isExternal) return
    if (requiresAll) results.compare()
    else results.write()
  })

  for (const framework of chosen)
    it(`${framework.name} (${framework.language})`, async (test) => {
      const prepared = await framework.prepare()
      if ('missing' in prepared) return skip(test, prepared.missing)
      const prefix = `${framework.name.replaceAll(/\W/g, '')}-${process.pid}`
      const args = [...prepared.args, broker.address(framework.protocol), prefix]
      const run = await runClient(prepared.command, args, prepared.env)
      await checkSteps(test, { framework, run, results })
    })
})

describe('chooseFrameworks()', () => {
  it('gives every heavy one its turn, and the light ones always', () => {
    const heavy = chooseFrameworks('all', () => 0).filter(({ isHeavy }) => isHeavy)
    const light = chooseFrameworks('all', () => 0).filter(({ isHeavy }) => !isHeavy)
    const turns = heavy.map((_, commit) => chooseFrameworks('turn', () => commit))
    assert.deepEqual(
      turns.map((turn) => turn.filter(({ isHeavy }) => isHeavy)),
      heavy.map((framework) => [framework]),
    )
    for (const turn of turns) assert.ok(light.every((framework) => turn.includes(framework)))
  })

  it('refuses a word that names nothing', () => {
    assert.throws(() => chooseFrameworks('celery,cellery', () => 0), /called cellery/)
  })
})

function skip(test: TestContext, missing: string): void {
  const reason = `missing: ${missing}`
  if (requiresAll) throw new Error(reason)
  test.skip(reason)
}

interface FrameworkRun {
  readonly framework: Framework
  readonly run: ClientRun
  readonly results: Results
}

async function checkSteps(test: TestContext, seen: FrameworkRun): Promise<void> {
  const { framework, results } = seen
  for (const [step, expected] of Object.entries(framework.steps)) {
    let verdict: Verdict = 'fails'
    const check = (): void => {
      checkStep(seen.run, step, expected)
      verdict = 'works'
    }
    const lacking = isExternal ? undefined : framework.lacking[step]
    if (lacking === undefined) await test.test(step, check)
    else
      await test.test(`${step}: ${lacking}`, () =>
        assert.throws(check, 'it works: take it out of what is lacking in frameworks.ts'),
      )
    results.add(framework, step, verdict)
  }
}

/** @throws AssertionError when the program reported something else, or nothing. */
function checkStep(run: ClientRun, step: string, expected: unknown): void {
  const report = run.reports.get(step)
  assert.ok(report, `not reached; the program ${run.ending}`)
  assert.equal(report.error, undefined)
  assert.deepEqual(report.result, expected)
}
