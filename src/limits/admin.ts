// Limits of the HTTP API.
import { MiB } from './units.ts'

export const adminLimits = {
  /** Items of a page of a list, as in RabbitMQ. */
  pageSizeMax: 500,
  pageSizeDefault: 100,
  /** A regular expression that names are looked through with, as in RabbitMQ. */
  filterLengthMax: 1024,
  /** Things of a list that are looked at in one step: a millisecond. */
  listedAtOnceMax: 500,
  /** Streams that one request deletes or purges: each is an atom of its own. */
  streamsAtOnceMax: 1000,
  /** Their names, of at most 255 bytes each and written as JSON. */
  chosenBodySizeMax: (2 * MiB) as number,
  /** How old the list of dead-letter queues may be that lists of streams show: it looks at all of them. */
  deadLettersGoodMs: 5000,
  /** Consumers of a stream in a list whose protocols are told: those of one stream rarely differ. */
  consumersLookedAtMax: 100,
  /** Streams of a page whose oldest message is looked up at the same time: each may be a read of the disk, … */
  oldestAtOnceMax: 8,
  /** … and how long a page waits for all of them: what is not known then is known the next time. */
  oldestMsMax: 250,
  /** Points of the little chart in a row, … */
  sparkPointsMax: 40,
  /** … each for so long: all of them are ten minutes, as long as statistics are kept. */
  sparkStepMs: 15_000,
  /** Rows with such charts: statistics of their streams are kept for each. */
  sparkRowsMax: 100,
  /** Bindings and consumers of a stream that are shown; there are counts of all. */
  shownOfStreamMax: 500,
  /** Partitions of a group whose next message is looked up for its time: each may be a read of the disk. */
  lagTimesMax: 100,
  /** Tables and lists within each other in arguments and headers. */
  tableDepthMax: 32,
  /** Messages that one request takes off a queue: they are one answer. */
  takenCountMax: 10_000,
  /** Body of a request that publishes: JSON is read at once, and the worst of so much takes a tenth of a second. */
  publishBodySizeMax: (4 * MiB) as number,
  /** Properties of a message: what a frame of AMQP holds. */
  propertiesSizeMax: 131_064,
  /** Messages of one request: all of them are published in one turn, some milliseconds. */
  publishBatchCountMax: 1000,
  /** Messages that are being published by HTTP: with more under way, the next is refused. */
  publishingSizeMax: (64 * MiB) as number,
  /** How long publishing by HTTP may take, as in RabbitMQ: publishers may be blocked for longer. */
  publishMsMax: 30_000,
  /** Who finds publishers blocked for that long is told to come again then. */
  blockedRetrySeconds: 10,
  /** Who comes in maintenance is told to come again then. */
  maintenanceRetrySeconds: 10,
  /** Changes that are kept to be shown: some megabytes. */
  auditEntriesMax: 10_000,
  /** A path names a virtual host and two things in it, each of 255 bytes that may be encoded. */
  auditPathLengthMax: 2048,
  /** Sessions of browsers: each is a hundred bytes, and a person has a few. */
  sessionsMax: 10_000,
  /** A session of a user, above which its oldest ends. */
  sessionsPerUserMax: 100,
  /** A session ends when nothing was asked in it for so long. */
  sessionIdleMsMax: 28_800_000,
  /** It ends after that in any case: a working day and its evening. */
  sessionMsMax: 86_400_000,
  /** In a cluster the cookie says when it was used last, as exactly as this. */
  sessionRenewMs: 300_000,
  /** Queues and topics that are told as the largest. */
  largestStreamsMax: 10,
  /** How long that is told before all are looked at again: 100,000 take a tenth of a second, in slices. */
  streamSizesMs: 10_000,
  /** Points of a curve of free space: a page has room for as many. */
  storageHistoryMax: 120,
} as const

export const uiLimits = {
  /** Files of the UI with their compressed forms, which are in memory: it has some hundred. */
  filesMax: 2000,
  /** Their bytes together. */
  sizeMax: (32 * MiB) as number,
} as const
