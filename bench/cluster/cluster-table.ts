// One table of docs/performance.md about clusters, as a program leaves it in bench/results/cluster.
import { mkdirSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import path from 'node:path'
import { describeMachine } from '../machine.ts'

export interface ClusterTable {
  readonly title: string
  /** What was done and under which conditions. */
  readonly text: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** Keeps a table and shows it. `name` is that of the file. */
export function keepTable(name: string, table: ClusterTable): void {
  const { cpus, cpu, memoryGb, node, commit } = describeMachine()
  const load = `a load of ${(loadavg()[1] ?? 0).toFixed(0)} with all that runs there`
  const machine = `${cpus} CPUs (${cpu}), ${load}, ${memoryGb} GB, Node ${node}, commit ${commit}`
  const day = new Date().toISOString().slice(0, 10)
  const whole = { ...table, text: `${table.text} ${day}, ${machine}.` }
  const folder = path.join(import.meta.dirname, '../results/cluster')
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, `${name}.json`), `${JSON.stringify(whole, undefined, 2)}\n`)
  console.log(whole.text)
  console.table(
    table.rows.map((row) => Object.fromEntries(row.map((each, at) => [table.columns[at], each]))),
  )
}
