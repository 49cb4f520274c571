// The tables of docs/compatibility.md with the clients side by side, a row for each step.

import { join } from 'node:path'
import { clients, type Client } from './clients.ts'
import { row, sign, type ResultsByName, type ResultsTable } from './results.ts'
import { amqpSteps, kafkaSteps, type Steps } from './steps.ts'

/** Results of test/interop/interop.test.ts. */
export const clientsTable: ResultsTable = {
  file: join(import.meta.dirname, 'results.json'),
  mark: 'clients',
  names: clients.map(({ name }) => name),
  render: (results) =>
    [
      '### Kafka clients',
      table('kafka', kafkaSteps, results),
      '### AMQP clients',
      table('amqp', amqpSteps, results),
    ].join('\n\n'),
}

function table(protocol: Client['protocol'], steps: Steps, results: ResultsByName): string {
  const shown = clients.filter((client) => client.protocol === protocol && results[client.name])
  const heads = shown.map(
    ({ name, language }) => `${name} ${results[name]?.version}<br>${language}`,
  )
  const rows = Object.keys(steps).map((step) =>
    row([step, ...shown.map((client) => sign(results[client.name]?.steps[step]))]),
  )
  const reasons = shown.flatMap(describeGaps)
  return [row(['step', ...heads]), row(['---', ...heads.map(() => ':-:')]), ...rows]
    .concat(reasons.length > 0 ? ['', 'Where a dash stands:', '', ...reasons] : [])
    .join('\n')
}

/** One line per reason, naming the steps it stands for. */
function describeGaps(client: Client): string[] {
  const byReason = new Map<string, string[]>()
  for (const [step, reason] of Object.entries(client.cannot))
    byReason.set(reason, [...(byReason.get(reason) ?? []), step])
  return Array.from(
    byReason,
    ([reason, steps]) => `- ${client.name}: ${steps.join(', ')}: ${reason}`,
  )
}
