// Runs suites that other projects wrote, and writes what came of it into docs/compatibility.md:
//   PABAL_SUITES=<folder of checkouts> npm run test:suites
//   npm run test:suites -- kombu php-amqplib      some of them
//   npm run test:suites -- --clone                clones first what the folder lacks (needs a network)
// Ports 5672, 5671 and 15672 must be free. Exits with 1 when a test failed that should not have.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceBetween, row } from '../interop/results.ts'
import { checkout, clone, hasLanguage } from './checkout.ts'
import { judge, type SuiteResult } from './judge.ts'
import { runSuite } from './run-suite.ts'
import { suites, type Suite } from './suites.ts'

const here: string = import.meta.dirname
const file: string = join(here, 'results.json')
const page: string = join(here, '../../docs/compatibility.md')

type Results = Readonly<Record<string, SuiteResult>>

const words: readonly string[] = process.argv.slice(2)
const checkouts: string = process.env['PABAL_SUITES'] || join(here, '../../.cache/checkouts')
const wanted: readonly string[] = words.filter((word) => word !== '--clone')

for (const word of wanted)
  if (!suites.some(({ name }) => name === word)) throw new Error(`no suite is called ${word}`)

const run: Record<string, SuiteResult> = {}
for (const suite of suites)
  if (wanted.length === 0 || wanted.includes(suite.name)) await tell(suite)
writeResults()

async function tell(suite: Suite): Promise<void> {
  try {
    await runOne(suite)
  } catch (error) {
    process.stderr.write(`${suite.name}: ${(error as Error).message}\n`)
    process.exitCode = 1
  }
}

async function runOne(suite: Suite): Promise<void> {
  if (!hasLanguage(suite)) {
    process.stderr.write(`${suite.name}: skipped: ${suite.language.command} is missing here\n`)
    return
  }
  if (words.includes('--clone')) await clone(suite, checkouts)
  const outcomes = await runSuite(suite, await checkout(suite, checkouts))
  const { result, surprises } = judge(suite, outcomes)
  run[suite.name] = result
  process.stdout.write(`${suite.name}: ${result.passed} of ${result.total} passed\n`)
  for (const surprise of surprises) process.stdout.write(`  ${surprise}\n`)
  if (surprises.length > 0) process.exitCode = 1
}

/** Suites that did not run keep what they had. */
function writeResults(): void {
  const all = { ...(JSON.parse(readFileSync(file, 'utf8')) as Results), ...run }
  const known = suites.flatMap(({ name }) => (all[name] ? [[name, all[name]] as const] : []))
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(known), undefined, 2)}\n`)
  const text = readFileSync(page, 'utf8')
  writeFileSync(page, replaceBetween(text, 'suites', render(Object.fromEntries(known))))
}

function render(results: Results): string {
  const rows = suites.flatMap(({ name, repository }) => {
    const result = results[name]
    if (!result) return []
    const commit = `[${result.commit.slice(0, 10)}](${repository}/tree/${result.commit})`
    const reasons = Object.entries(result.hopeless).map(([reason, count]) => `${count}: ${reason}`)
    const failed = result.failed.map((test) => `failed: ${test}`)
    return [
      row([
        name,
        commit,
        `${result.passed} of ${result.total}`,
        [...reasons, ...failed].join('<br>'),
      ]),
    ]
  })
  return [
    row(['suite', 'commit', 'passed', 'others']),
    row(['---', '---', '---', '---']),
    ...rows,
  ].join('\n')
}
