// Limits of looks at what is due when.
export const scheduleLimits = {
  /** Messages whose time one request reads; where there are more, they are spread over their stretch of time. */
  readMax: 5000,
  /** Reads of the disk for that, each of which may bring one message only. */
  batchesMax: 256,
  /** Bars of a histogram. */
  binsMax: 500,
  /** Seconds that a histogram looks ahead: no delay is longer. */
  withinMax: 4_300_000,
  /** Messages that are shown as the next ones, … */
  nextMax: 200,
  /** … and those that are looked at for them: more of one stretch are not compared with each other. */
  nextLookedMax: 20_000,
  /** Queues or exchanges that are looked at in one step. */
  placesPerStep: 500,
  /** Delayed messages that one request fires or cancels, … */
  endedAtOnceMax: 10_000,
  /** … looking at so many, … */
  lookedAtOnceMax: 50_000,
  /** … so many without a break. */
  endedPerBatchMax: 256,
  /** Messages may be named one by one. */
  placesMax: 1000,
} as const
