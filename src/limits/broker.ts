// Limits of queues, routes and transactions.
import { KiB, MiB } from './units.ts'

export const brokerLimits = {
  /**
   * Partitions of a topic that is the source of queues: such a queue has a cursor in each, and a message is
   * named by 8 bits for the log and 45 for the offset. One log is the queue's own.
   */
  sourcePartitionsMax: 255,
  /** One queue's deliveries in a turn: others, and the disk, get their turn after that. */
  dispatchPerTurnMax: 1024,
  /** Sizes of messages are counted up to these, in bytes: RabbitMQ's own, which dashboards ask for. */
  messageSizeBounds: [100, 1000, 10_000, 100_000, 1e6, 1e7, 5e7, 1e8] as readonly number[],
  /** All deliveries of a turn: a thousand take a millisecond, unless the code has just been started. */
  dispatchMsPerTurnMax: 5,
  /** Deliveries of one queue between two looks at the clock. */
  dispatchBetweenLooks: 64,
  /** How far the mark below which a crash makes messages "redelivered" runs ahead of deliveries. */
  deliveredMarkAhead: 4096,
  /** The same behind a flood: what is delivered while `uncommittedSizeMax` is written before the mark. */
  deliveredMarkAheadMax: 262_144,
  /** How often, after a start, heads of queues are looked at for expired messages, … */
  expirySweepMs: 10,
  /** … and of how many each time: 100,000 queues take ten seconds. */
  expirySweepCount: 100,
  /** Dead letters of one queue that are moved in a turn: one atom. */
  deadLettersSizePerTurn: (1 * MiB) as number,
  /** With so many of one queue kept, 16 bytes each, it takes no further messages. */
  keptDeadLettersMax: 262_144 as number,
  /** How often routes are looked at for dead letters that found no queue and are kept. */
  keptDeadLettersLookMs: 1000,
  /** How often the log tells at most that a queue keeps them: with every change of routes is too much. */
  keptDeadLettersTellMs: 60_000,
  /** How long they wait at most after tries in vain: each reads them all. */
  keptDeadLettersWaitMsMax: 60_000,
  /** Room that dead letters which were moved leave behind is given back from here on. */
  deadLettersCompactAt: 4096,
  /** Time to live of a message, as RabbitMQ has it: ten years. */
  expirationMsMax: 315_360_000_000,
  /**
   * Messages of one queue that wait for their next try: about 100 bytes each are in memory. Then
   * no further ones are delivered until some of them are ready.
   */
  delayedRetriesMax: 262_144,
  /**
   * Records of a topic that a queue with priorities looks at ahead of their delivery: each is read twice, and one with
   * a high priority passes so many others.
   */
  priorityAheadMax: 1000,
  /**
   * Delayed messages of one exchange that are in memory because they are due about now, 32 bytes each:
   * what is due in one second at any rate that queues can take.
   */
  delayListMax: 262_144,
  /** A bucket of delayed messages on disk up to this size is read in any order: all of it fits a window. */
  delayListedSizeMax: (256 * KiB) as number,
  /** Delayed messages of one exchange that are moved in a turn: one atom. */
  delayMovedSizePerTurn: (1 * MiB) as number,
  /** How early a bucket of delayed messages is looked at, at least: a few reads of a disk. */
  delayOpenMsMin: 64,
  /** How often an exchange that delays messages looks at the wall clock, which may jump. */
  delayLookMsMax: 1000,
  /** Stretches of due times that are told apart for those who look, … */
  delayedBinsMax: 100,
  /** … what is read for one page of delayed messages, … */
  delayedBatchesMax: 64,
  /** … and how much of each payload is shown. */
  delayedPayloadSizeMax: 1024,
  /** Empty logs of each width that an exchange keeps for its next buckets: as many as a wider one fills. */
  delaySpareLogsMax: 64,
  /** Unacked deliveries of one channel: what bounds memory when no prefetch is set. */
  unackedPerChannelMax: 262_144,
  /** What keeping a message or a settlement takes besides: tiny ones must not get past the limits. */
  keptMessageSize: 512,
  /** Messages and settlements of one transaction, which is one atom. */
  transactionSizeMax: (64 * MiB) as number,
  /** Memory for resolved addresses of a virtual host; with more distinct keys they are resolved again. */
  routesSizeMax: (16 * MiB) as number,
  /** A resolved address, besides 8 bytes for each queue that it leads to. */
  routeSize: 512,
  /** Each has its exchanges, and caches of its own. */
  vhostsMax: 10_000,
  /** Policies of one kind in a virtual host: each queue that is declared may be compared with all. */
  policiesPerVHostMax: 1000,
  /** Examples of what a policy would be for: a screenful. */
  previewedMax: 20,
  /**
   * Policies are applied to what exists, and ids forgotten before a rewind, for so much of a turn; what queues
   * make of it takes as long again.
   */
  changeSliceMs: 2,
  /** Messages that one exchange remembers for those who are bound to it next. */
  historySizeMax: (16 * MiB) as number,
  /** What all exchanges of a virtual host remember: then each new message costs its exchange an old one. */
  historiesSizeMax: (64 * MiB) as number,
  /** Messages of one page of those who only look, … */
  browseCountMax: 1000,
  /** … and their bytes, as far as they are shown: so much is in memory for each that is asked for, … */
  browsePageSizeMax: (256 * KiB) as number,
  /** … of which each message counts as this much at least. */
  browsedMessageSize: 256,
  /** Properties of more bytes are not shown: what they become takes many times as much. */
  browsePropertiesSizeMax: (64 * KiB) as number,
  /** One read for a page. Where few messages are left of many it takes one for each, and so many at most. */
  browseReadSizeMax: (256 * KiB) as number,
  browseReadsMax: 64,
  /** Pages are read for so much of a turn. */
  browseSliceMs: 2,
  /** Bytes of messages that are taken for one answer by HTTP, which is made at once: in some 10 ms. */
  takenSizeMax: (8 * MiB) as number,
  /** Ids of all exchanges that deduplicate: each is a key of the log's keyed state, half of which is for others. */
  deduplicationIdsMax: 500_000 as number,
  /** Ids of messages in all queues that deduplicate: with more each queue forgets its oldest. */
  presentIdsMax: 250_000 as number,
  /** Bytes of an id that is kept as it is; of longer ones their SHA-256 is. */
  deduplicationIdSizeMax: 64,
  /** Ids of deleted exchanges that are forgotten in a turn: well under a millisecond. */
  deduplicationForgetPerTurn: 1024,
  /** Global parameters, which each file of the log repeats: 2 MiB. */
  globalParametersMax: 256,
  /** One of them as JSON: nobody keeps files there. */
  globalParameterSizeMax: (8 * KiB) as number,
  /** Bytes of its name, and of a cluster's: what AMQP can say. */
  globalParameterNameSizeMax: 255,
  /** Exchanges, and ways from one to what it leads to, that a routing test tells of: one answer by HTTP. */
  explainedWaysMax: 1000,
  /** Bindings from an exchange to one target that it tells of: each alone leads there. */
  explainedBindingsMax: 10,
  /** Bindings that it looks at, each by itself: some 10 ms. */
  explainedLooksMax: 10_000,
} as const
