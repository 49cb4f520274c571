// Limits of statistics: samples of counters, from which rates are made.

export const statisticsLimits = {
  /** Between two samples, as in RabbitMQ. */
  sampleMs: 5000,
  /** Samples of totals, and of each object whose history is asked for: ten minutes. */
  samplesMax: 120,
  /** Of totals a sample is kept for longer, so many milliseconds apart: … */
  hourStepMs: 30_000,
  /** … an hour. */
  hourSamplesMax: 121,
  /** Objects are sampled for so long after somebody has asked for their rates: each sample looks at all of them. */
  wantedMs: 300_000,
  /** Objects whose history is kept: those of a few open pages with a hundred rows; each may take 20 KiB. */
  historiesMax: 500,
  /** How much the last sample counts for how often a queue had no message ready: the last minute is two thirds. */
  freeShareWeight: 0.1,
  /** Objects that are sampled in one step: well under a millisecond. */
  sampledAtOnce: 500,
  /** Samples of the disk; with twice as many, each second one goes. */
  diskSamplesMax: 256,
  /** Samples of the disk that are older say nothing of what comes. */
  diskTrendMs: 86_400_000,
  /** Before so much time nothing is said of what comes. */
  diskForecastMsMin: 300_000,
  /** What changed has to be so many times what it scatters by, or it is noise: files come in steps. */
  diskForecastNoise: 4,
} as const
