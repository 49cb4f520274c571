// Runs suites that other projects wrote, and tools of others, and writes what came of it into docs/compatibility.md:
//   PABAL_SUITES=<folder of checkouts> npm run test:suites
//   npm run test:suites -- kombu php-amqplib      some of them
//   npm run test:suites -- --clone                clones first what the folder lacks (needs a network)
// Ports 5672, 5671, 15672 and 9092 must be free, and those of kafka-node-suites.ts. Exits with 1 when a test failed that should not have.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceBetween, row } from '../interop/results.ts'
import { checkout, clone, hasLanguage } from './checkout.ts'
import { judge, type SuiteResult } from './judge.ts'
import { runSuite } from './run-suite.ts'
import type { Suite } from './suite.ts'
import { suites } from './suites.ts'
import { tools } from './tools.ts'

const here: string = import.meta.dirname
const file: string = join(here, 'results.json')
const page: string = join(here, '../../docs/compatibility.md')

/** Of a tool, also the names of all that was asked of it. */
type Result = SuiteResult & { readonly steps?: readonly string[] }
type Results = Readonly<Record<string, Result>>

const words: readonly string[] = process.argv.slice(2)
const checkouts: string = process.env['PABAL_SUITES'] || join(here, '../../.cache/checkouts')
const wanted: readonly string[] = words.filter((word) => word !== '--clone')

const all: readonly Suite[] = [...suites, ...tools]

for (const word of wanted)
  if (!all.some(({ name }) => name === word)) throw new Error(`no suite is called ${word}`)

const run: Record<string, Result> = {}
for (const suite of all) if (wanted.length === 0 || wanted.includes(suite.name)) await tell(suite)
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
  run[suite.name] = tools.includes(suite) ? { ...result, steps: [...outcomes.keys()] } : result
  process.stdout.write(`${suite.name}: ${result.passed} of ${result.total} passed\n`)
  for (const surprise of surprises) process.stdout.write(`  ${surprise}\n`)
  if (surprises.length > 0) process.exitCode = 1
}

/** Suites that did not run keep what they had. */
function writeResults(): void {
  const known = { ...(JSON.parse(readFileSync(file, 'utf8')) as Results), ...run }
  const kept = all.flatMap(({ name }) => (known[name] ? [[name, known[name]] as const] : []))
  const results: Results = Object.fromEntries(kept)
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`)
  const text = replaceBetween(readFileSync(page, 'utf8'), 'suites', renderSuites(results))
  writeFileSync(page, replaceBetween(text, 'tools', renderTools(results)))
}

function renderSuites(results: Results): string {
  const rows = suites.flatMap((suite) => {
    const result = results[suite.name]
    if (!result) return []
    const reasons = Object.entries(result.hopeless).map(([reason, count]) => `${count}: ${reason}`)
    const failed = result.failed.map((test) => `failed: ${test}`)
    const others = [...reasons, ...failed].join('<br>')
    const passed = `${result.passed} of ${result.total}`
    return [row([suite.name, commitOf(suite, result), passed, others])]
  })
  return [row(['suite', 'commit', 'passed', 'others']), row(['---', '---', '---', '---'])]
    .concat(rows)
    .join('\n')
}

/** What each tool does, step by step: their names are sentences. */
function renderTools(results: Results): string {
  const rows = tools.flatMap((tool) => {
    const result = results[tool.name]
    if (!result) return []
    const steps = result.steps?.map(
      (step) => `${result.failed.includes(step) ? '✗' : '✓'} ${step.replace(/^test /, '')}`,
    )
    return [row([tool.name, commitOf(tool, result), steps?.join('<br>') ?? ''])]
  })
  return [row(['tool', 'commit', 'what was asked of it']), row(['---', '---', '---'])]
    .concat(rows)
    .join('\n')
}

function commitOf({ repository }: Suite, { commit }: SuiteResult): string {
  return `[${commit.slice(0, 10)}](${repository}/tree/${commit})`
}
