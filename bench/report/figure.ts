/** What is measured: its column title, digits, and which way is better. */
export type FigureName =
  | 'rate'
  | 'p50Us'
  | 'p99Us'
  | 'p999Us'
  | 'confirmP99Us'
  | 'cpuPerMillion'
  | 'residentMb'
  | 'peakMb'
  | 'drainRate'
  | 'drainShare'
  | 'declareRate'
  | 'startSeconds'
  | 'restartSeconds'
  | 'restartAfterKillSeconds'
  | 'clientCpu'

export type Figures = Partial<Record<FigureName, number>>

export type Figure = {
  readonly title: string
  readonly digits: number
  /** Tells something about the measurement, not about the broker: no ratio is made of it. */
  readonly isAboutClient?: boolean
}

/** In the order of the table's columns. */
export const figures: Readonly<Record<FigureName, Figure>> = {
  rate: { title: 'msg/s', digits: 0 },
  p50Us: { title: 'p50 µs', digits: 0 },
  p99Us: { title: 'p99 µs', digits: 0 },
  p999Us: { title: 'p99.9 µs', digits: 0 },
  confirmP99Us: { title: 'confirm p99 µs', digits: 0 },
  cpuPerMillion: { title: 'CPU s/M msg', digits: 2 },
  residentMb: { title: 'resident MB', digits: 0 },
  peakMb: { title: 'peak MB', digits: 0 },
  drainRate: { title: 'drain msg/s', digits: 0 },
  drainShare: { title: 'drain, % of short queue', digits: 0 },
  declareRate: { title: 'declared/s', digits: 0 },
  startSeconds: { title: 'start s', digits: 2 },
  restartSeconds: { title: 'restart s', digits: 2 },
  restartAfterKillSeconds: { title: 'restart after kill s', digits: 2 },
  clientCpu: { title: 'client CPU %', digits: 0, isAboutClient: true },
}
