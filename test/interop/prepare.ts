// Fetches and builds what the clients need, before tests with deadlines start. PABAL_INTEROP chooses
// clients as it does for the test; what is missing fails with PABAL_REQUIRE_ALL=1, else it is said.

import { kafkaClasspath } from '../../bench/systems/kafka-classpath.ts'
import { chooseClients, type Client } from './clients.ts'

const requiresAll: boolean = process.env['PABAL_REQUIRE_ALL'] === '1'

/** Says how it went. @throws Error when a build fails, or something required is missing. */
async function prepareLanguage(
  language: Client['language'],
  clients: readonly Client[],
): Promise<void> {
  const begin = performance.now()
  for (const client of clients) {
    const prepared = await client.prepare()
    if (!('missing' in prepared)) continue
    const text = `${client.name} (${language}): missing: ${prepared.missing}`
    if (requiresAll) throw new Error(text)
    process.stderr.write(`${text}\n`)
  }
  // The tools of kafka-tools.test.ts.
  if (language === 'Java') kafkaClasspath()
  const seconds = ((performance.now() - begin) / 1000).toFixed(1)
  process.stderr.write(`${language} clients: prepared in ${seconds} s\n`)
}

const chosen = chooseClients(process.env['PABAL_INTEROP'] || 'all')
const byLanguage = Map.groupBy(chosen, ({ language }) => language)
const outcomes = await Promise.allSettled(
  Array.from(byLanguage, ([language, clients]) => prepareLanguage(language, clients)),
)
for (const outcome of outcomes)
  if (outcome.status === 'rejected') {
    process.stderr.write(`${(outcome.reason as Error).message}\n`)
    process.exitCode = 1
  }
