// The table of docs/compatibility.md with what programs see of a cluster of three nodes (PABAL_TEST_CLUSTER): a row for
// each, and the steps that do not work there.

import { join } from 'node:path'
import { isOnThreeNodes } from '../support/three-nodes.ts'
import { clients } from './clients.ts'
import { frameworks } from './frameworks/frameworks.ts'
import { allTools } from './kafka-tools/kafka-tools-table.ts'
import { row, type ProgramResult, type ResultsByName, type ResultsTable } from './results.ts'

const groups: readonly {
  readonly title: string
  readonly names: readonly string[]
  /** All have one, which another table says. */
  readonly hasNoVersions?: true
}[] = [
  {
    title: 'Kafka client',
    names: clients.filter(({ protocol }) => protocol === 'kafka').map(({ name }) => name),
  },
  {
    title: 'AMQP client',
    names: clients.filter(({ protocol }) => protocol === 'amqp').map(({ name }) => name),
  },
  {
    title: 'MQTT client',
    names: clients.filter(({ protocol }) => protocol === 'mqtt').map(({ name }) => name),
  },
  {
    title: 'STOMP client',
    names: clients.filter(({ protocol }) => protocol === 'stomp').map(({ name }) => name),
  },
  { title: 'framework or program', names: frameworks.map(({ name }) => name) },
  { title: "Kafka's tool", names: allTools.map(({ name }) => name), hasNoVersions: true },
]

const onThreeNodes: ResultsTable = {
  file: join(import.meta.dirname, 'cluster-results.json'),
  mark: 'cluster',
  names: groups.flatMap(({ names }) => names),
  render: (results) =>
    groups
      .filter(({ names }) => names.some((name) => results[name]))
      .map((group) => render(group, results))
      .join('\n\n'),
}

/** The table of one broker, or this one with PABAL_TEST_CLUSTER. */
export function tableFor(one: ResultsTable): ResultsTable {
  return isOnThreeNodes() ? onThreeNodes : one
}

function render(
  { title, names, hasNoVersions }: (typeof groups)[number],
  results: ResultsByName,
): string {
  const rows = names.flatMap((name) => {
    const result = results[name]
    if (result === undefined) return []
    const shown = hasNoVersions ? name : `${name} ${result.version}`
    return [describe(shown, result)]
  })
  return [row([title, 'steps', 'fails']), row(['---', '---', '---']), ...rows].join('\n')
}

function describe(name: string, { steps }: ProgramResult): string {
  const all = Object.entries(steps)
  const failed = all.filter(([, verdict]) => verdict === 'fails').map(([step]) => step)
  const count = `${all.length - failed.length} of ${all.length}`
  return row([name, count, failed.join('<br>')])
}
