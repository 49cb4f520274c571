/** What is measured: its column title, digits, and which way is better. */
export type FigureName =
  | 'rate'
  | 'p50Us'
  | 'p99Us'
  | 'p999Us'
  | 'confirmP99Us'
  | 'longestMs'
  | 'echoLongestMs'
  | 'cpuPerMillion'
  | 'residentMb'
  | 'peakMb'
  | 'commitRate'
  | 'keptPercent'
  | 'drainRate'
  | 'drainShare'
  | 'declareRate'
  | 'connectRate'
  | 'subscribeRate'
  | 'replayRate'
  | 'kbEach'
  | 'lostPercent'
  | 'startSeconds'
  | 'restartSeconds'
  | 'restartAfterKillSeconds'
  | 'clientCpu'
  | 'clientCores'
  | 'stolen'

export type Figures = Partial<Record<FigureName, number>>

export type Figure = {
  readonly title: string
  readonly digits: number
  /** Which way a broker is better. */
  readonly better: 'more' | 'less'
  /** Tells something about the measurement, not about the broker: no ratio is made of it. */
  readonly isAboutMeasurement?: boolean
}

/** In the order of the table's columns. */
export const figures: Readonly<Record<FigureName, Figure>> = {
  rate: { title: 'msg/s', digits: 0, better: 'more' },
  p50Us: { title: 'p50 µs', digits: 0, better: 'less' },
  p99Us: { title: 'p99 µs', digits: 0, better: 'less' },
  p999Us: { title: 'p99.9 µs', digits: 0, better: 'less' },
  confirmP99Us: { title: 'confirm p99 µs', digits: 0, better: 'less' },
  longestMs: { title: 'longest ms', digits: 1, better: 'less' },
  echoLongestMs: {
    title: 'longest of an echo ms',
    digits: 1,
    better: 'less',
    isAboutMeasurement: true,
  },
  cpuPerMillion: { title: 'CPU s/M msg', digits: 2, better: 'less' },
  residentMb: { title: 'resident MB', digits: 0, better: 'less' },
  peakMb: { title: 'peak MB', digits: 0, better: 'less' },
  commitRate: { title: 'commits/s', digits: 0, better: 'more' },
  keptPercent: { title: 'log left, % of produced', digits: 1, better: 'less' },
  drainRate: { title: 'drain msg/s', digits: 0, better: 'more' },
  drainShare: { title: 'drain, % of short queue', digits: 0, better: 'more' },
  declareRate: { title: 'declared/s', digits: 0, better: 'more' },
  connectRate: { title: 'connected/s', digits: 0, better: 'more' },
  subscribeRate: { title: 'subscribed/s', digits: 0, better: 'more' },
  replayRate: { title: 'replayed/s', digits: 0, better: 'more' },
  kbEach: { title: 'kB each', digits: 2, better: 'less' },
  lostPercent: { title: 'not delivered %', digits: 2, better: 'less' },
  startSeconds: { title: 'start s', digits: 2, better: 'less' },
  restartSeconds: { title: 'restart s', digits: 2, better: 'less' },
  restartAfterKillSeconds: { title: 'restart after kill s', digits: 2, better: 'less' },
  clientCpu: { title: 'client CPU %', digits: 0, better: 'less', isAboutMeasurement: true },
  clientCores: { title: 'client, cores', digits: 2, better: 'less', isAboutMeasurement: true },
  stolen: { title: 'stolen %', digits: 1, better: 'less', isAboutMeasurement: true },
}
