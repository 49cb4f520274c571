import type { Figures } from '../report/figure.ts'
import type { Protocol, RunningBroker } from '../systems/broker-system.ts'

/** The table of docs/performance.md that a scenario stands in. */
export type Area = 'amqp' | 'kafka' | 'mqtt' | 'stomp' | 'crossing' | 'stalls' | 'start-up'

/** One question asked of every system. Each run gets a fresh broker on an empty folder. */
export type Scenario = {
  readonly name: string
  readonly area: Area
  readonly description: string
  /** Systems that do not speak all of these are left out. */
  readonly protocols: readonly Protocol[]
  run(context: ScenarioContext): Promise<Measurement>
}

export type ScenarioContext = {
  readonly broker: RunningBroker
  /** Length of the measured window; scenarios that work by number scale theirs with it. */
  readonly seconds: number
  /** Seconds of load before the window. */
  readonly warmup: number
  /** How much the start-up scenarios put in before they start the broker again, 10⁹ bytes. */
  readonly gigabytes: number
  /** Where this run's broker keeps everything. */
  readonly folder: string
  /** Stops the broker that runs now by `signal` and starts it on the same data. */
  restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<Restarted>
}

export type Restarted = {
  readonly broker: RunningBroker
  /** When the new process was started, in `performance.now()` ms. */
  readonly startedAt: number
}

export type Measurement = {
  readonly figures: Figures
  /** Raw reports behind the figures, for the result file. */
  readonly reports: Readonly<Record<string, object>>
  /** The load programs and their library's version. */
  readonly client?: string
}
