import type { Program } from '../compile-program.ts'
import type { Figures } from '../report/figure.ts'
import { type ProgramOptions, type ProgramReport, runProgram } from '../run-program.ts'
import type { RunningBroker } from '../systems/broker-system.ts'
import { amqpAddressOf } from '../systems/ports.ts'
import type { Measurement, ScenarioContext } from './scenario.ts'
import { usageFigures } from './usage-figures.ts'

/** Percentiles in µs, as `load/histogram.c` prints them; null when nothing was recorded. */
export type Percentiles = {
  readonly count: number
  readonly p50_us: number
  readonly p99_us: number
  readonly p999_us: number
  readonly max_us: number
}

/** What one run of the load program printed. Rates and CPU are of the measured window alone. */
export type LoadReport = ProgramReport & {
  readonly server: { readonly product: string; readonly version: string }
  readonly seconds: number
  readonly published: number
  readonly delivered: number
  readonly publish_rate: number
  readonly deliver_rate: number
  readonly settle_seconds: number
  readonly client_cpu_seconds: number
  readonly client_cpu_share: number
  readonly broker_cpu_seconds: number
  readonly stolen_cpu_seconds: number
  /** From the first message to the last answer, warm-up and what came after the window included. */
  readonly whole_broker_cpu_seconds: number
  readonly confirm_latency: Percentiles | null
  readonly delivery_latency: Percentiles | null
  /** From the first message to the last, warm-up included. */
  readonly total: Readonly<
    Record<'sent' | 'confirmed' | 'nacked' | 'delivered' | 'out_of_order' | 'blocked', number>
  >
}

const program: Program = {
  name: 'load',
  libraries: ['-lrabbitmq', '-lssl', '-lcrypto', '-lpthread'],
  packages: 'librabbitmq-dev libssl-dev',
}

/** Runs the load program and returns what it printed. */
export async function runLoad(
  mode: 'publish' | 'consume' | 'both',
  options: ProgramOptions,
): Promise<LoadReport> {
  const report = await runProgram<LoadReport>(program, mode, options)
  // With one publisher and one consumer both mean that the broker did wrong, however fast.
  const { nacked, out_of_order: misordered } = report.total
  if (nacked > 0 || misordered > 0) {
    throw new Error(`load ${mode}: ${nacked} messages refused, ${misordered} out of order`)
  }
  return report
}

type Declared = ProgramReport & Pick<LoadReport, 'server' | 'seconds'>

/** Declares the queues of a run and nothing else, without waiting for each; in how many seconds. */
export async function declareAll(options: ProgramOptions): Promise<Declared> {
  return runProgram<Declared>(program, 'declare', options)
}

/** How many messages wait in the queue of the load program. */
export async function queryDepth(broker: RunningBroker): Promise<number> {
  type Depth = ProgramReport & { readonly waiting: number }
  return (await runProgram<Depth>(program, 'depth', amqpAddressOf(broker))).waiting
}

/** The options of a run that is measured for a time. */
export function windowed({ broker, seconds, warmup }: ScenarioContext): ProgramOptions {
  return { ...amqpAddressOf(broker), 'broker-pid': broker.pid, seconds, warmup }
}

/** How a description says what is acked. */
export function acks(every: number): string {
  return every === 1 ? 'each acked' : `acked every ${every}`
}

/** The scenario's own figures, and those that every run of the load program has. */
export function loadMeasurement(
  { broker }: ScenarioContext,
  report: LoadReport,
  figures: Figures & { readonly rate: number },
): Measurement {
  return {
    figures: {
      ...figures,
      ...usageFigures(broker.pid, report, figures.rate),
    },
    reports: { load: report },
    client: 'bench/load (librabbitmq for the handshake)',
  }
}
