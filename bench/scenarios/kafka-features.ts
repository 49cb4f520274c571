// What brokers of Kafka's protocol have beside producing and fetching: transactions, share groups, compaction, and
// many partitions. The first three are driven by Kafka's Java client (bench/kafka/Load.java).
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Figures } from '../report/figure.ts'
import type { ProgramOptions } from '../run-program.ts'
import { kafkaClasspath, kafkaVersion } from '../systems/kafka-classpath.ts'
import { kafkaPortOf } from '../systems/ports.ts'
import { processCpuSeconds, stolenCpuSeconds } from '../systems/process-cpu.ts'
import { processMemory } from '../systems/process-memory.ts'
import { kafkaMeasurement, runKafkaLoad, windowedKafka } from './kafka-load.ts'
import type { Measurement, Scenario, ScenarioContext } from './scenario.ts'
import { stolenPercent } from './usage-figures.ts'

const PROGRAM: string = join(import.meta.dirname, '..', 'kafka', 'Load.java')
/** Records that a share group takes, for each second of the window. */
const SHARED_PER_SECOND = 50_000
const PARTITIONS = 10_000
const TRANSACTION_SIZE = 100
/** A run of updates is so many windows long, so that the log is compacted several times meanwhile. */
const UPDATES_WINDOWS = 3

/** What Load.java printed. */
type JavaReport = {
  readonly rate: number
  readonly p50_us: number
  readonly p99_us: number
  readonly p999_us: number
  readonly seconds: number
  readonly client_cpu_seconds: number
  readonly commit_rate?: number
  readonly left_percent?: number
}

type JavaRun = {
  readonly report: JavaReport
  /** Over the program's whole run. */
  readonly brokerCpuSeconds: number
  readonly wholeSeconds: number
  readonly stolen: number
}

export const kafkaFeatures: readonly Scenario[] = [
  {
    name: 'kafka-transactions',
    area: 'kafka',
    protocols: ['kafka'],
    description: `Kafka's Java client, one transactional producer: begin, ${TRANSACTION_SIZE} records of 1024 B over 6 partitions, commit, one after the other; latencies are of whole transactions`,
    run: transactions,
  },
  {
    name: 'kafka-share-1k',
    area: 'kafka',
    protocols: ['kafka'],
    description:
      "Kafka's Java client, one member of a share group reads records of 1024 B that are there, one partition, each poll acknowledges the one before; the first fifth is not measured",
    run: share,
  },
  {
    name: 'kafka-compaction',
    area: 'kafka',
    protocols: ['kafka'],
    description:
      "Kafka's Java client updates 10,000 keys at random with 1024 B, flat out, in a topic that is compacted meanwhile (segments of 16 MiB, dirty ratio 0.1); then how much of the log is left after 10 s at most",
    run: updates,
  },
  {
    name: `kafka-produce-1k-${PARTITIONS / 1000}kp`,
    area: 'kafka',
    protocols: ['kafka'],
    description: `produce records of 1024 B into a topic with ${PARTITIONS.toLocaleString('en')} partitions, which take turns record by record, acks=all, one librdkafka producer, 100,000 unacknowledged at most`,
    async run(context) {
      const options = { ...windowedKafka(context), partitions: PARTITIONS }
      await runProgram(context, 'topic', { partitions: PARTITIONS })
      const report = await runKafkaLoad('produce', options)
      return kafkaMeasurement(context.broker.pid, report, { rate: report.produce_rate })
    },
  },
]

async function transactions(context: ScenarioContext): Promise<Measurement> {
  const { seconds, warmup } = context
  const run = await runJava(context, 'transactions', { seconds, warmup, records: TRANSACTION_SIZE })
  return measurement(context, run, { commitRate: run.report.commit_rate ?? 0, ...latencies(run) })
}

async function share(context: ScenarioContext): Promise<Measurement> {
  const count = Math.round(SHARED_PER_SECOND * context.seconds)
  await runKafkaLoad('produce', { port: kafkaPortOf(context.broker), count })
  return measurement(context, await runJava(context, 'share', { count }), {})
}

async function updates(context: ScenarioContext): Promise<Measurement> {
  const { seconds, warmup } = context
  const run = await runJava(context, 'updates', { seconds: seconds * UPDATES_WINDOWS, warmup })
  const { p99Us: confirmP99Us } = latencies(run)
  return measurement(context, run, { confirmP99Us, keptPercent: run.report.left_percent ?? 0 })
}

function latencies({ report }: JavaRun): { p50Us: number; p99Us: number; p999Us: number } {
  return { p50Us: report.p50_us, p99Us: report.p99_us, p999Us: report.p999_us }
}

async function runJava(
  context: ScenarioContext,
  mode: string,
  options: ProgramOptions,
): Promise<JavaRun> {
  const { broker } = context
  const before = { cpu: processCpuSeconds(broker.pid), stolen: stolenCpuSeconds() }
  const startedAt = performance.now()
  const stdout = await runProgram(context, mode, options)
  const wholeSeconds = (performance.now() - startedAt) / 1000
  return {
    report: JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as JavaReport,
    brokerCpuSeconds: processCpuSeconds(broker.pid) - before.cpu,
    wholeSeconds,
    stolen: stolenPercent(stolenCpuSeconds() - before.stolen, wholeSeconds),
  }
}

async function runProgram(
  { broker }: ScenarioContext,
  mode: string,
  options: ProgramOptions,
): Promise<string> {
  const all = Object.entries({ port: kafkaPortOf(broker), ...options })
  const args = all.flatMap(([name, value]) => [`--${name}`, String(value)])
  const java = ['-Xmx512M', '-cp', kafkaClasspath(), PROGRAM, mode, ...args]
  return (await promisify(execFile)('java', java)).stdout
}

/** CPU is of the program's whole run, and so are the client's cores of the window. */
function measurement(
  { broker }: ScenarioContext,
  { report, brokerCpuSeconds, wholeSeconds, stolen }: JavaRun,
  figures: Figures,
): Measurement {
  if (!(report.rate > 0)) throw new Error(`nothing was measured: ${JSON.stringify(report)}`)
  return {
    figures: {
      rate: report.rate,
      ...figures,
      cpuPerMillion: (brokerCpuSeconds / (report.rate * report.seconds)) * 1e6,
      ...processMemory(broker.pid),
      clientCores: report.client_cpu_seconds / report.seconds,
      stolen,
    },
    reports: { load: { ...report, wholeSeconds } },
    client: `Java client of ${kafkaVersion()}`,
  }
}
