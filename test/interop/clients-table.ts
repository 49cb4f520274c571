// The tables of docs/compatibility.md with the clients side by side, a row for each step.

import { join } from 'node:path'
import type { Client, ClientProtocol } from './client.ts'
import { clients } from './clients.ts'
import { row, sign, type ResultsByName, type ResultsTable } from './results.ts'
import { stepsOf } from './steps.ts'

/** Results of test/interop/interop.test.ts. */
export const clientsTable: ResultsTable = {
  file: join(import.meta.dirname, 'results.json'),
  mark: 'clients',
  names: clients.map(({ name }) => name),
  render: (results) =>
    titles
      .flatMap(([protocol, title]) => {
        const text = table(protocol, results)
        return text === undefined ? [] : [`### ${title}`, text]
      })
      .join('\n\n'),
}

const titles: readonly (readonly [ClientProtocol, string])[] = [
  ['kafka', 'Kafka clients'],
  ['amqp', 'AMQP clients'],
  ['mqtt', 'MQTT clients'],
  ['stomp', 'STOMP clients'],
]

/** Undefined when nothing is known of clients of the protocol. */
function table(protocol: ClientProtocol, results: ResultsByName): string | undefined {
  const shown = clients.filter((client) => client.protocol === protocol && results[client.name])
  if (shown.length === 0) return undefined
  const heads = shown.map(
    ({ name, language }) => `${name} ${results[name]?.version}<br>${language}`,
  )
  const rows = Object.keys(stepsOf[protocol]).map((step) =>
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
