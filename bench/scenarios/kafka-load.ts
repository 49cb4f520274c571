import type { Program } from '../compile-program.ts'
import type { Figures } from '../report/figure.ts'
import { type ProgramOptions, type ProgramReport, runProgram } from '../run-program.ts'
import type { RunningBroker } from '../systems/broker-system.ts'
import { kafkaAddressOf } from '../systems/ports.ts'
import type { Percentiles } from './amqp-load.ts'
import type { Measurement, ScenarioContext } from './scenario.ts'
import { usageFigures } from './usage-figures.ts'

/** What one run of load-kafka printed. Rates and CPU are of the measured window alone. */
export type KafkaReport = ProgramReport & {
  readonly client: string
  readonly seconds: number
  readonly produced: number
  readonly consumed: number
  readonly produce_rate: number
  readonly consume_rate: number
  readonly settle_seconds: number
  readonly client_cpu_seconds: number
  /** Of the busiest of its threads. */
  readonly client_cpu_share: number
  readonly broker_cpu_seconds: number
  readonly stolen_cpu_seconds: number
  readonly ack_latency: Percentiles | null
  readonly delivery_latency: Percentiles | null
}

const program: Program = {
  name: 'load-kafka',
  libraries: ['-lrdkafka', '-lpthread'],
  packages: 'librdkafka-dev',
}

/** Runs load-kafka; throws when a record was lost, refused or out of order. */
export async function runKafkaLoad(
  mode: 'produce' | 'consume' | 'both',
  options: ProgramOptions,
): Promise<KafkaReport> {
  return runProgram<KafkaReport>(program, mode, options)
}

/** Records that were ever put into the load program's topic, as the broker says. */
export async function queryEnd(broker: RunningBroker): Promise<number> {
  return (await runProgram<{ readonly end: number }>(program, 'probe', kafkaAddressOf(broker))).end
}

export type Eviction = ProgramReport & {
  readonly files: number
  readonly bytes: number
  /** Still in the page cache afterwards. */
  readonly resident_bytes: number
}

/** Empties the page cache of a folder's files; throws when much of it stays. */
export async function evictFolder(folder: string): Promise<Eviction> {
  const eviction = await runProgram<Eviction>(program, 'evict', { folder })
  const { bytes, resident_bytes: resident } = eviction
  if (resident > bytes / 10) throw new Error(`${resident} of ${bytes} bytes stay in the page cache`)
  // The folder is this machine's own affair.
  return { ...eviction, arguments: ['evict'] }
}

/** The options of a run that is measured for a time. */
export function windowedKafka({ broker, seconds, warmup }: ScenarioContext): ProgramOptions {
  return { ...kafkaAddressOf(broker), 'broker-pid': broker.pid, seconds, warmup }
}

/** The scenario's own figures, and those that every run of load-kafka has. */
export function kafkaMeasurement(
  pid: number,
  report: KafkaReport,
  figures: Figures & { readonly rate: number },
): Measurement {
  return {
    figures: {
      ...figures,
      ...usageFigures(pid, report, figures.rate),
    },
    reports: { load: report },
    client: `bench/load-kafka (${report.client})`,
  }
}
