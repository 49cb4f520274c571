import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Machine } from '../machine.ts'
import type { Area, Measurement } from '../scenarios/scenario.ts'
import type { Summary } from './summary.ts'

/** What `npm run bench` leaves in bench/results/: all that is needed to judge and repeat it. */
export type ResultFile = {
  /** ISO 8601. */
  readonly startedAt: string
  readonly machine: Machine
  readonly settings: RunSettings
  readonly systems: readonly SystemResult[]
  readonly scenarios: readonly ScenarioResult[]
}

/** Of every scenario; some read `seconds` as a number of messages, as their descriptions say. */
export type RunSettings = {
  readonly runs: number
  readonly seconds: number
  readonly warmup: number
  /** Runs are repeated in which the hypervisor gave more % of the machine than this to others. */
  readonly maxStolen?: number | undefined
}

export type SystemResult = {
  readonly name: string
  readonly settings: Readonly<Record<string, string>>
  /** Product and version, and those of what it runs on. */
  readonly version: string
}

export type ScenarioResult = {
  readonly scenario: string
  readonly area: Area
  readonly description: string
  /** What to type to measure it again. */
  readonly command: string
  /** Load programs and their versions. */
  readonly clients: readonly string[]
  /** The disk's own write + fdatasync, taken between the runs. */
  readonly disk: DiskTimes
  /** By system, in the order in which they took turns. */
  readonly summaries: Readonly<Record<string, Summary>>
  readonly runs: readonly Run[]
  /** Runs that do not count, because the hypervisor gave too much of the machine to others. */
  readonly disturbed?: readonly Run[]
}

export type Run = Measurement & { readonly system: string; readonly round: number }

export type DiskTimes = {
  readonly writes: number
  readonly p50_us: number
  readonly p99_us: number
}

/** Writes it, with its folder when missing. */
export function writeResultFile(path: string, result: ResultFile): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`)
}

/** Reads one that `writeResultFile` wrote. */
export function readResultFile(path: string): ResultFile {
  return JSON.parse(readFileSync(path, 'utf8')) as ResultFile
}
