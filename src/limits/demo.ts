// Limits of the demo, which plays with a broker that may be in use.
export const demoLimits = {
  /** The four shops together: enough to see numbers move, and less than any broker notices. */
  ordersPerSecond: 20,
  /** It ends by itself: a forgotten demo fills no disk. */
  secondsMax: 600,
  /** Orders without a confirm: with more, shops wait, as real ones do while publishers are blocked. */
  unconfirmedMax: 100,
  /** Orders that one billing worker has at a time. */
  prefetch: 10,
  /** What billing does for one order takes so long at least, and at most that much longer. */
  billingMsMin: 20,
  billingMsSpread: 80,
  /** Of a hundred orders, so many are rejected, and so many are tried again later. */
  rejectedPercent: 3,
  retriedPercent: 6,
  /** How long such an order waits for its next try. */
  retryMs: 2000,
  /** Reports read less than comes in, so that there is a lag to look at. */
  slowReadMs: 80,
  /** Records that a reader has in memory. */
  readAhead: 64,
  /** Readers commit so often. */
  commitMs: 1000,
  /** The orders that are shown. */
  ordersShown: 10,
  /** The picture is drawn so often. */
  pictureMs: 500,
  /** Rates are of so many seconds. */
  rateSeconds: 5,
  /** Clients that do not go by themselves in this time are cut off. */
  partingMsMax: 3000,
  /** The first orders come within this time, or the demo is given up. */
  startMsMax: 15_000,
  /** A group that still has a member is looked at again, so often and so many times. */
  groupLookMs: 500,
  groupLooksMax: 30,
  /** The command shows how it goes so often, where a person looks and where nobody does. */
  lookMs: 1000,
  unseenLookMs: 10_000,
  /** MiB: two client libraries and their buffers need a fifth of it. */
  threadMemoryMax: 128,
  /** How long a billed message of the demo stays, to be replayed. */
  retentionMs: 3_600_000,
} as const
