// Fetches and builds what clients and frameworks need, before tests with deadlines start.
// PABAL_INTEROP and PABAL_FRAMEWORKS choose them as they do for the tests; what is missing fails with
// PABAL_REQUIRE_ALL=1, else it is said.

import { kafkaClasspath } from '../../bench/systems/kafka-classpath.ts'
import { groupsToRun } from '../../scripts/test-groups.ts'
import type { Client } from './client.ts'
import { chooseClients } from './clients.ts'
import { commitNumber } from './frameworks/commit-number.ts'
import type { Framework } from './frameworks/framework.ts'
import { chooseFrameworks } from './frameworks/frameworks.ts'
import { prepareFlower } from './http/flower.ts'
import { interopChoice } from './interop-choice.ts'
import { prepareKafkaTools } from './kafka-tools/tool-runner.ts'
import { findPython } from './languages.ts'

const requiresAll: boolean = process.env['PABAL_REQUIRE_ALL'] === '1'

/** Says how it went. @throws Error when a build fails, or something required is missing. */
async function prepareLanguage(
  language: (Client | Framework)['language'],
  programs: readonly (Client | Framework)[],
): Promise<void> {
  const begin = performance.now()
  // Their libraries come from elsewhere: at the same time.
  const isPython = language === 'Python'
  await Promise.all([prepareAll(language, programs), isPython && preparePython()])
  if (language === 'Java') {
    // The broker of moving/moving-from-kafka.test.ts.
    kafkaClasspath()
    await prepareKafkaTools()
  }
  const seconds = ((performance.now() - begin) / 1000).toFixed(1)
  process.stderr.write(`${language} programs: prepared in ${seconds} s\n`)
}

async function prepareAll(
  language: string,
  programs: readonly (Client | Framework)[],
): Promise<void> {
  for (const program of programs) {
    const prepared = await program.prepare()
    if (!('missing' in prepared)) continue
    const text = `${program.name} (${language}): missing: ${prepared.missing}`
    if (requiresAll) throw new Error(text)
    process.stderr.write(`${text}\n`)
  }
}

/** What tests need in any case, whoever has his turn: examples have the libraries of clients. */
async function preparePython(): Promise<void> {
  await findPython()
  await prepareFlower()
}

const hasFrameworks = groupsToRun().some(({ name }) => name === 'programs')
const chosen: readonly (Client | Framework)[] = [
  ...chooseClients(interopChoice || 'all'),
  ...(hasFrameworks
    ? chooseFrameworks(process.env['PABAL_FRAMEWORKS'] || 'all', commitNumber)
    : []),
]
const byLanguage = Map.groupBy(chosen, ({ language }) => language)
const outcomes = await Promise.allSettled(
  Array.from(byLanguage, ([language, programs]) => prepareLanguage(language, programs)),
)
for (const outcome of outcomes)
  if (outcome.status === 'rejected') {
    process.stderr.write(`${(outcome.reason as Error).message}\n`)
    process.exitCode = 1
  }
