import { cpus } from 'node:os'
import type { Figures } from '../report/figure.ts'
import { processMemory } from '../systems/process-memory.ts'

/** What both load programs report of the measured window. */
interface UsageReport {
  readonly seconds: number
  readonly broker_cpu_seconds: number
  readonly client_cpu_seconds: number
  readonly client_cpu_share: number
  /** Of all CPUs together. */
  readonly stolen_cpu_seconds: number
}

/** What a run cost: the broker's memory and CPU time at `rate` messages a second, and the client's; and what others took. */
export function usageFigures(brokerPid: number, report: UsageReport, rate: number): Figures {
  return {
    ...processMemory(brokerPid),
    cpuPerMillion: (report.broker_cpu_seconds / (rate * report.seconds)) * 1e6,
    clientCpu: report.client_cpu_share * 100,
    clientCores: report.client_cpu_seconds / report.seconds,
    stolen: stolenPercent(report.stolen_cpu_seconds, report.seconds),
  }
}

/** The share of the machine's CPU time in `seconds` that was stolen, in %. */
export function stolenPercent(stolenSeconds: number, seconds: number): number {
  return (stolenSeconds / seconds / cpus().length) * 100
}
