// Limits of jobs that move, copy or delete messages.
import { KiB, MiB } from './units.ts'

export const jobLimits = {
  /** Jobs that work at one time: each holds a read's bytes in memory. */
  runningMax: 4,
  /** Jobs that are remembered, in the log's keyed state: the oldest that has ended goes. */
  keptMax: 100,
  /** One read, … */
  readSizeMax: (256 * KiB) as number,
  /** … and what is done in one atom: so many messages, … */
  batchCountMax: 256,
  /** … so many bytes of them, … */
  batchSizeMax: (1 * MiB) as number,
  /** … and so many that are only looked at. */
  lookedAtMax: 1024,
  /** Jobs work for so much of a turn. */
  sliceMs: 2,
  /** Of a job with a rate, a batch has what may go in this time. */
  batchMs: 100,
  /** A message that its target does not take is tried again after this time, then twice as long, up to … */
  retryMsMin: 1000,
  retryMsMax: 60_000,
  /** A job's pace is that of so many samples, taken so far apart. */
  paceSampleMs: 1000,
  paceSamplesMax: 10,
  /** Messages or bytes a second: what no disk can do is no limit. */
  rateMax: 1e12,
  /** Messages that a job may be given one by one. */
  placesMax: 1000,
  /** Reasons why messages stayed where they were; more are counted as others. */
  reasonsMax: 16,
  /** Characters of a reason. */
  reasonLengthMax: 300,
  /** Bytes of a body that stands in the place of each message's. */
  editedBodySizeMax: (64 * KiB) as number,
  /** Headers that an edit sets or takes away. */
  editedHeadersMax: 64,
  /**
   * Stretches of what all jobs have moved, which can be undone as far as they reach: some 200 bytes each in the
   * log's keyed state, which is in memory and is repeated in each of its files.
   */
  movedRangesMax: 10_000 as number,
  /** Stretches that the next message may continue. */
  openRangesMax: 256,
  /** Stretches in one entry of the keyed state, the last of which is written with each batch. */
  rangesPerEntry: 32,
  /** Batches of one preview. */
  previewBatchesMax: 256,
  /** Messages that a preview shows, bytes of each payload, and targets that it counts. */
  previewShownMax: 10,
  previewPayloadSizeMax: 1024,
  previewTargetsMax: 100,
} as const

/** Limits of looks at dead letters. */
export const deathLimits = {
  /** Groups that one look tells apart. */
  groupsMax: 500,
  /** Characters of an exception's first line. */
  exceptionLengthMax: 200,
  /** Routing keys that a group names. */
  keysShownMax: 5,
  /** Queues that are known to have dead letters are looked for anew after so long, for counts. */
  knownMs: 2000,
  /** Queues, or bindings, that are looked at in one step. */
  queuesPerStep: 500,
  /** Names of queues that send dead letters to one. */
  sourcesShownMax: 10,
} as const
