// The table of docs/compatibility.md with a row for each of Kafka's tools.

import { join } from 'node:path'
import { row, sign, type ResultsByName, type ResultsTable, type Verdict } from '../results.ts'
import { kafkaTools, type Tool, type ToolCall } from './calls.ts'
import { clusterTools } from './cluster-calls.ts'
import { shareTools } from './share-calls.ts'

/** In the order of their calls. */
export const allTools: readonly Tool[] = [...kafkaTools, ...shareTools, ...clusterTools]

/** Results of kafka-tools.test.ts. */
export const kafkaToolsTable: ResultsTable = {
  file: join(import.meta.dirname, 'results.json'),
  mark: 'kafka-tools',
  names: allTools.map(({ name }) => name),
  render,
}

function render(results: ResultsByName): string {
  const rows = allTools.map(({ name, calls }) => {
    const seen = calls.map((call) => told(call, results[name]?.steps[call.step]))
    return row([name, seen.join('<br>')])
  })
  return [row(['tool', 'calls']), row(['---', '---']), ...rows].join('\n')
}

function told({ step, lacks }: ToolCall, verdict: Verdict | undefined): string {
  if (lacks === undefined || verdict === 'fails') return `${sign(verdict)} ${step}`
  return `– ${step}: “${lacks}”`
}
