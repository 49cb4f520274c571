// Limits of metrics.

export const metricsLimits = {
  /** Samples written between two turns of others: about half a millisecond, and fifty kilobytes. */
  samplesPerTurn: 500,
  /** Queues, or clients, that are added up between two turns of others: about half a millisecond. */
  countedPerTurn: 2000,
  /** Scrapes at a time: a few servers of Prometheus, and people who look. */
  scrapesMax: 8,
  /** A scrape that is not read in so long ends: Prometheus gives up after ten seconds by default. */
  scrapeMsMax: 60_000,
  /** How often a timer looks how late it is, which is how late everything is. */
  lagCheckMs: 500,
  /** How late is counted up to these, in seconds. */
  lagSecondsBounds: [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
  ] as readonly number[],
} as const
