import type { RunningBroker } from './broker-system.ts'
import type { Figures } from './figure.ts'
import type { LoadReport } from './load-program.ts'

/** One question asked of every system. Each run gets a fresh broker on an empty folder. */
export type Scenario = {
  readonly name: string
  readonly description: string
  run(context: ScenarioContext): Promise<Measurement>
}

export type ScenarioContext = {
  readonly broker: RunningBroker
  /** Length of the measured window; scenarios that work by number scale theirs with it. */
  readonly seconds: number
  /** Seconds of load before the window. */
  readonly warmup: number
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
  readonly reports: Readonly<Record<string, LoadReport>>
}
