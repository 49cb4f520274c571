// Kafka's own perf tools, whose Java client batches, compresses and fetches in its own way.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import type { ProgramOptions } from '../run-program.ts'
import { kafkaClasspath, kafkaVersion } from '../systems/kafka-classpath.ts'
import { kafkaPortOf } from '../systems/ports.ts'
import { processCpuSeconds } from '../systems/process-cpu.ts'
import { processMemory } from '../systems/process-memory.ts'
import { runKafkaLoad } from './kafka-load.ts'
import type { Measurement, Scenario, ScenarioContext } from './scenario.ts'

/** Records produced, and consumed, per second of the window asked for. */
const RECORDS_PER_SECOND = 150_000
/** The first part of the producer's records warms it up and is not in its rate. */
const WARMUP_SHARE = 0.2
const READ_EVERY_MS = 50

export const kafkaJava: readonly Scenario[] = [
  {
    name: 'kafka-java-produce-1k',
    area: 'kafka',
    protocols: ['kafka'],
    description:
      "Kafka's ProducerPerformance with its defaults (acks=all, idempotent, batches of 16 KiB, linger 5 ms): random records of 1024 B, one partition; CPU over the tool's whole run, and the client's of all its threads",
    run: produce,
  },
  {
    name: 'kafka-java-consume-1k',
    area: 'kafka',
    protocols: ['kafka'],
    description:
      "Kafka's ConsumerPerformance with its defaults: records of 1024 B, just produced, one partition, a group of one; its fetch rate, without the time for joining; CPU over the tool's whole run, and the client's of all its threads",
    run: consume,
  },
]

async function produce(context: ScenarioContext): Promise<Measurement> {
  const count = Math.round(RECORDS_PER_SECOND * context.seconds)
  const port = kafkaPortOf(context.broker)
  // Creates the topic; its one record counts for nothing.
  await runKafkaLoad('produce', { port, count: 1 })
  const options = {
    'bootstrap-server': `127.0.0.1:${port}`,
    topic: 'load',
    throughput: -1,
    'num-records': count,
    'record-size': 1024,
    'warmup-records': Math.round(count * WARMUP_SHARE),
  }
  const measured = await runTool(context, 'ProducerPerformance', options)
  // The last such line is about the records after the warm-up.
  const rate = Number(/.*records sent, ([\d.]+) records\/sec/s.exec(measured.output)?.[1])
  return javaMeasurement(context, { ...measured, rate, count })
}

async function consume(context: ScenarioContext): Promise<Measurement> {
  const count = Math.round(RECORDS_PER_SECOND * context.seconds)
  const port = kafkaPortOf(context.broker)
  await runKafkaLoad('produce', { port, count })
  const options = {
    'bootstrap-server': `127.0.0.1:${port}`,
    topic: 'load',
    'num-records': count,
    timeout: 60_000,
  }
  const measured = await runTool(context, 'ConsumerPerformance', options)
  // The last column: fetch.nMsg.sec.
  const rate = Number(measured.output.trim().split('\n').at(-1)?.split(',').at(-1))
  return javaMeasurement(context, { ...measured, rate, count })
}

type ToolRun = {
  readonly output: string
  readonly brokerCpuSeconds: number
  /** All threads of the tool together, from its start to its end. */
  readonly clientCpuPercent: number
}

async function runTool(
  { broker }: ScenarioContext,
  tool: string,
  options: ProgramOptions,
): Promise<ToolRun> {
  const [brokerBefore, startedAt] = [processCpuSeconds(broker.pid), performance.now()]
  const java = ['-Xmx512M', '-cp', kafkaClasspath(), `org.apache.kafka.tools.${tool}`]
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const run = promisify(execFile)('java', [...java, ...args])
  const { pid } = run.child
  let clientCpuSeconds = 0
  // It is gone with its last record, and so is what it used: read until then.
  const reading = setInterval(() => {
    if (pid !== undefined && existsSync(`/proc/${pid}`)) clientCpuSeconds = processCpuSeconds(pid)
  }, READ_EVERY_MS)
  const { stdout } = await run.finally(() => clearInterval(reading))
  return {
    output: stdout,
    brokerCpuSeconds: processCpuSeconds(broker.pid) - brokerBefore,
    clientCpuPercent: (clientCpuSeconds / (performance.now() - startedAt)) * 100_000,
  }
}

function javaMeasurement(
  { broker }: ScenarioContext,
  run: ToolRun & { readonly rate: number; readonly count: number },
): Measurement {
  const { rate, count, output, brokerCpuSeconds, clientCpuPercent } = run
  if (!(rate > 0)) throw new Error(`Kafka's tool told no rate:\n${output}`)
  return {
    figures: {
      rate,
      cpuPerMillion: (brokerCpuSeconds / count) * 1e6,
      ...processMemory(broker.pid),
      clientCpu: clientCpuPercent,
    },
    reports: { tool: { output: output.trim().split('\n').slice(-2) } },
    client: `perf tools of ${kafkaVersion()}`,
  }
}
