// Every limit of the broker, with its reason. Reaching one is backpressure or a clear error to the
// sender, never an out-of-memory. Sizes are bytes and times milliseconds unless a name says otherwise.

const KiB = 1024
const MiB = 1024 * KiB

/** Add yours in its area, with the reason. */
export const limits = {
  // Log: what is gathered before it is written.
  /** A group is written in one call; a larger one would hold everybody's confirms up. */
  groupSizeMax: 4 * MiB,
  /** A random read walks its run from the start: 256 KiB are a few thousand small records. */
  runSizeMax: 256 * KiB,
  /** Volatile logs spill whole runs. */
  volatileRunSizeMax: 64 * KiB,
  /** First size of a group's shared bodies; doubles as needed. */
  sharedBodiesSizeInitial: 16 * KiB,
  /** Below this a body is stored with each record: a reference would save nothing. */
  sharedBodySizeMin: 512,
  /** Bodies above this go to a file of their own, so that one message does not hold a group up. */
  inlineBodySizeMax: 1 * MiB,
  /** Past this, 65,536 offsets with scattered acks take a bitmap of 8 KiB instead of runs. */
  ackedRunsPerChunkMax: 512,
  /** Publishers are not read while more than this waits for the disk. */
  uncommittedSizeMax: 32 * MiB,

  // AMQP: what is decoded.
  /** Deeper tables serve only to exhaust the stack; real ones (x-death) have three levels. */
  fieldTableDepthMax: 64,
} as const
