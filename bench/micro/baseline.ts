import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeMachine } from '../machine.ts'
import type { MicroResult } from './measure.ts'

/** What was measured before, to compare with. */
export type Baseline = {
  /** Figures of another machine say nothing about this one. */
  readonly machine: string
  readonly results: Readonly<Record<string, MicroResult>>
}

const FILE: string = join(import.meta.dirname, 'baseline.json')

export function readBaseline(): Baseline | undefined {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Baseline) : undefined
}

/** Replaces the figures that were measured now and keeps the others, if they are this machine's. */
export function saveBaseline(results: Readonly<Record<string, MicroResult>>): void {
  const machine = machineName()
  const former = readBaseline()
  const kept = former?.machine === machine ? former.results : {}
  const merged = Object.entries({ ...kept, ...results }).map(([name, result]) => [
    name,
    Object.fromEntries(
      Object.entries(result).map(([figure, value]) => [figure, Number(value.toPrecision(4))]),
    ),
  ])
  const content = { machine, results: Object.fromEntries(merged) }
  writeFileSync(FILE, `${JSON.stringify(content, null, 2)}\n`)
}

/** Processor and Node, which is what the figures depend on. */
export function machineName(): string {
  const { cpu, cpus, node } = describeMachine()
  return `${cpus} × ${cpu}, Node ${node}`
}
