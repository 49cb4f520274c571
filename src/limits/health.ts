// What the home page and `pabal status` take for worth a look.
import { MiB } from './units.ts'

export const healthLimits = {
  /** One look serves all who ask for at least so long, … */
  lookMsMin: 1000,
  /** … and for so many times as long as it took. */
  lookTimes: 20,
  /** Queues that are looked at in one step: well under a millisecond. */
  lookedAtOnce: 200,
  /** Things of a kind that are named for each virtual host. */
  namedMax: 10,
  /** Findings of a kind, above which they are one. */
  findingsOfKindMax: 3,
  /** Oldest messages that one look reads: each may be a read of the disk. */
  oldestReadMax: 10,
  /** How long the growth of something is measured: from one to two of these. */
  growthStepMs: 30_000,
  /** Sooner than that nothing is said of its growth. */
  growthMsMin: 5000,
  /** What was not looked at for so long is measured anew. */
  growthStaleMs: 180_000,
  /** Messages that wait, and more of them a second: less is in every broker. */
  growingMin: 100,
  growthMin: 0.5,
  /** A queue is without a consumer, or a message waits, for so long before that is said. */
  quietMs: 30_000,
  /** A queue with consumers is behind when so many messages wait, the oldest for so long. */
  behindMin: 1000,
  behindMs: 300_000,
  /** A consumer that holds all that it may have, the oldest for so long, is stuck when it acks nothing, … */
  stuckMs: 120_000,
  /** … and so it is where nobody has seen whether it does. */
  stuckUnseenMs: 600_000,
  /** Consumers that are looked at in one look. */
  stuckLookedMax: 100_000,
  /** A transaction is open for longer than that: the clients' own time-out is a minute. */
  transactionMs: 60_000,
  /** Open files, as part of those that may be. */
  filesShareMax: 0.8,
  filesShareBad: 0.95,
  /** They are counted no more often: each counts by reading a folder of the system. */
  filesMs: 15_000,
  /** Memory, as part of the watermark. */
  memoryShareMax: 0.85,
  /** So many times the limit of free bytes should be free. */
  diskFreeTimes: 2,
  /** A forecast of the disk is made of so much time at least, and looks so far ahead. */
  forecastMsMin: 600_000,
  forecastMsMax: 86_400_000,
  /** Less than that is what the log takes and gives back. */
  forecastSizeMin: (64 * MiB) as number,
  /** Certificates are often renewed two weeks before their end. */
  certificateMs: 1_209_600_000,
  /** Samples of a history are so far apart at least. */
  historyStepMsMin: 2500,
  /** Deaths are told of an hour. */
  hourMs: 3_600_000,
  /** Streams that grow most, as the page shows them. */
  growersMax: 5,
  /** Bytes that wait for the store of objects, and for how long, before somebody is to look: files take minutes to fill. */
  rowsSizeMax: (256 * MiB) as number,
  rowsMsMax: 600_000,
} as const
