import type { SoakTarget } from './soak-target.ts'

export interface SoakRun {
  readonly target: SoakTarget
  /** 1 is the full count; the small versions that run as tests take less. */
  readonly scale: number
  /** Prints a figure. */
  readonly report: (text: string) => void
}

/** Throws when a bound is broken. */
export type SoakScenario = (run: SoakRun) => Promise<void>

/** Throws an error with `what`, the value and the bound unless value ≤ bound. */
export function expectAtMost(what: string, value: number, bound: number): void {
  if (!(value <= bound)) throw new Error(`${what}: ${value.toFixed(1)}, at most ${bound} expected`)
}

export function expectEqual(what: string, value: number, expected: number): void {
  if (value !== expected) throw new Error(`${what}: ${value}, ${expected} expected`)
}

/** Usage as a line of a report. */
export function describeUsage(what: string, target: SoakTarget): string {
  const { megabytes, handles } = target.usage()
  return `${what.padEnd(44)} ${megabytes.toFixed(1).padStart(8)} MB ${String(handles).padStart(6)} handles`
}
