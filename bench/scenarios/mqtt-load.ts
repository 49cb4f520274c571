import type { Program } from '../compile-program.ts'
import type { Figures } from '../report/figure.ts'
import { type ProgramOptions, type ProgramReport, runProgram } from '../run-program.ts'
import type { RunningBroker } from '../systems/broker-system.ts'
import { processMemory } from '../systems/process-memory.ts'
import type { Percentiles } from './amqp-load.ts'
import type { Measurement, ScenarioContext } from './scenario.ts'
import { usageFigures } from './usage-figures.ts'

/** What load-mqtt prints of messages. Rates and CPU are of the measured window alone. */
export type MqttReport = ProgramReport & {
  readonly seconds: number
  readonly published: number
  readonly delivered: number
  readonly publish_rate: number
  readonly deliver_rate: number
  readonly client_cpu_seconds: number
  readonly client_cpu_share: number
  readonly broker_cpu_seconds: number
  readonly stolen_cpu_seconds: number
  readonly ack_latency: Percentiles | null
  readonly delivery_latency: Percentiles | null
  readonly total: Readonly<
    Record<'sent' | 'answered' | 'delivered' | 'lost' | 'out_of_order', number>
  >
}

const client = 'bench/load-mqtt'

const program: Program = {
  name: 'load-mqtt',
  libraries: [],
  packages: '',
}

/** Runs load-mqtt in a mode; throws with its words when it fails. */
export async function runMqtt<Content extends object>(
  mode: 'both' | 'connect' | 'retain' | 'subscribe',
  { broker }: ScenarioContext,
  options: ProgramOptions,
): Promise<Content & ProgramReport> {
  const address = { port: mqttPortOf(broker), 'broker-pid': broker.pid }
  return runProgram<Content>(program, mode, { ...address, ...options })
}

/** Messages for the time of a run. Throws when one of QoS 1 or 2 was lost, or any came out of order. */
export async function runMqttMessages<More extends object>(
  mode: 'both' | 'subscribe',
  context: ScenarioContext,
  options: ProgramOptions,
): Promise<MqttReport & More> {
  const { seconds, warmup } = context
  const window = { seconds, warmup }
  const report = await runMqtt<MqttReport & More>(mode, context, { ...window, ...options })
  const { lost, out_of_order: misordered, sent } = report.total
  const isAnswered = Number(options['qos'] ?? 0) > 0
  if (misordered > 0 || (isAnswered && lost > 0)) {
    throw new Error(`load-mqtt: of ${sent} messages ${lost} were lost, ${misordered} out of order`)
  }
  return report
}

/** The scenario's own figures, and those that every run with messages has. */
export function mqttMeasurement(
  { broker }: ScenarioContext,
  report: MqttReport,
  figures: Figures & { readonly rate: number },
): Measurement {
  const { lost, delivered } = report.total
  return {
    figures: {
      ...figures,
      ...(lost > 0 && { lostPercent: (lost / (lost + delivered)) * 100 }),
      ...usageFigures(broker.pid, report, figures.rate),
    },
    reports: { load: report },
    client,
  }
}

/** Of a run without messages: the scenario's figures, and the broker's memory. */
export function mqttMeasured(
  { broker }: ScenarioContext,
  report: object,
  figures: Figures,
): Measurement {
  return {
    figures: { ...figures, ...processMemory(broker.pid) },
    reports: { load: report },
    client,
  }
}

/** The broker's MQTT port; the runner starts no scenario on a system without it. */
function mqttPortOf({ mqttPort }: RunningBroker): number {
  if (mqttPort === undefined) throw new Error('this broker listens on no MQTT port')
  return mqttPort
}
