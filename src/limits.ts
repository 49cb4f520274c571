// Every limit of the broker, with its reason. Reaching one is backpressure or a clear error to the
// sender, never an out-of-memory. Sizes are bytes and times milliseconds unless a name says otherwise.

const KiB = 1024
const MiB = 1024 * KiB

/** Add yours in its area, with the reason. (`as number`: exported expressions need a type here.) */
export const limits = {
  // Log: what is gathered before it is written.
  /** A group is written in one call; a larger one would hold everybody's confirms up. */
  groupSizeMax: (4 * MiB) as number,
  /** A random read walks its run from the start: 256 KiB are a few thousand small records. */
  runSizeMax: (256 * KiB) as number,
  /** Volatile logs spill whole runs. */
  volatileRunSizeMax: (64 * KiB) as number,
  /** Pages for runs and windows that wait to be used again. */
  freePagesSizeMax: (8 * MiB) as number,
  /** Values of this size on are in memory that is used again: smaller ones cost less than a look-up. */
  largePageSizeMin: (64 * KiB) as number,
  /** Smaller ones that are kept share pages of this size. */
  sharedPageSize: (256 * KiB) as number,
  /** Such memory that waits to be used again: some messages of 16 MiB on their way through. */
  freeLargePagesSizeMax: (64 * MiB) as number,
  /** Memory that was not used again for so long is given back to the system. */
  largePagesIdleMs: 5000,
  /** A checksum of more is taken in steps of this size, of less than a millisecond. */
  crcPerTurnMax: (2 * MiB) as number,
  /** First size of a group's shared bodies; doubles as needed. */
  sharedBodiesSizeInitial: (16 * KiB) as number,
  /** Below this a body is stored with each record: a reference would save nothing. */
  sharedBodySizeMin: 512,
  /** Bodies above this go to a file of their own, so that one message does not hold a group up. */
  inlineBodySizeMax: (1 * MiB) as number,
  /** Past this, 65,536 offsets with scattered acks take a bitmap of 8 KiB instead of runs. */
  ackedRunsPerChunkMax: 512,
  /** Publishers are not read while more than this waits for the disk. */
  uncommittedSizeMax: (8 * MiB) as number,

  // Log: files and caches.
  /** Large enough that files are few, small enough that a start replays little. */
  walFileSizeMax: (64 * MiB) as number,
  /** Below this a run is copied into the group's buffer; above it the kernel gathers it itself. */
  coalescedRunSizeMax: (16 * KiB) as number,
  /** Memory in which a group is gathered for one direct write; larger ones take several. */
  directWriteSizeMax: (4 * MiB) as number,
  /** The same for small writes, of which several are under way. */
  directWriteSizeSmall: (256 * KiB) as number,
  /** Without waiting for the disk, smaller writes are cheaper in the page cache. */
  directWriteSizeMin: (512 * KiB) as number,
  /** Recent runs in memory, which serve consumers that keep up without touching the disk. */
  tailCacheSizeMax: (20 * MiB) as number,
  /** What a run takes there beside its bytes: batches of one small record must not get past it. */
  keptRunSize: 256,
  /** Cold reads delay the WAL on the same disk: one fetches at most this much. */
  coldReadSizeMax: (256 * KiB) as number,
  /** The same for a reader who goes through a log: less calls, and some thousand messages a turn. */
  coldDrainReadSizeMax: (1 * MiB) as number,
  /** The same for readers of whole runs, who take what librdkafka asks for by default at a time. */
  coldRunsReadSizeMax: (1 * MiB) as number,
  /** Such a read with what lies between its runs, the heads of groups for the most part. */
  windowPageSize: (1088 * KiB) as number,
  /** A batch that was read and found intact is taken for that in reads by other groups for so long. */
  runIntactMs: 600_000,
  /** Cold reads at a time: more would only queue up in the kernel in front of the WAL. */
  coldReadsMax: 2,
  /** All windows that readers of the disk have in memory together. */
  coldWindowsSizeMax: (32 * MiB) as number,
  /** A file that nobody needs goes in steps of this size: the file system holds writes up while it frees blocks. */
  deleteStepSize: (4 * MiB) as number,
  /** Between two of them. */
  deleteStepMs: 5,
  /** Files kept for the WAL to write over: one is taken while the next one dies. */
  spareFilesMax: 2,
  /** Spare files are kept only where this many more would fit. */
  spareFreeFilesMin: 16,
  /** A WAL file that fills faster is not worth writing twice: 64 MiB/s. */
  spareFillMsMin: 1000,
  /** Zeros of a spare file go in steps of this size, each about as long as a commit group. */
  spareFillStepSize: (256 * KiB) as number,
  /** Between two of them, at most: 5 s a file. */
  spareFillPauseMs: 20,
  /** Bytes skipped rather than read apart when a log's runs lie scattered between others. */
  coldReadGapMax: (16 * KiB) as number,
  /** Runs that several readers of a log may want at about the same time. */
  coldRunsSizeMax: (16 * MiB) as number,
  /** Keyed state is in memory, and each WAL file repeats it: group offsets and producers, no data. */
  stateCountMax: 1_000_000,
  stateSizeMax: (256 * MiB) as number,
  /** State of logs repeated with one group: a slice costs well under a millisecond. */
  checkpointSliceSizeMax: (128 * KiB) as number,
  /** Directories of sealed files that readers are in. */
  indexCacheSizeMax: (8 * MiB) as number,
  /** After a failed write: long enough not to burn, short enough that publishers do not notice. */
  diskRetryMs: 100,
  /** After sealing or cleaning failed, which usually means a full disk. */
  housekeepingRetryMs: 1000,
  /** A file is copied out of when less than this share of it lives: at worst as much again is written. */
  cleaningLivingShareMax: 0.5,
  /** Files below this share of the usual size are put together … */
  smallFileShare: 0.125,
  /** … when there are so many: each start and each stop may leave one. */
  smallFilesMax: 8,
  /** A file of which less than this is left since the last look is being drained: no copying. */
  steadyShareMin: 0.9,
  /** With the pause, cleaning copies at most some 60 MB a second. */
  cleaningSizePerPause: (1 * MiB) as number,
  cleaningPauseMs: 15,
  /** How often files are looked at for what lives in them. */
  cleaningIntervalMs: 1000,
  /** Batches that live in part are counted again when a file's living records fell to this share. */
  batchSurveyShare: 0.9,
  /** Extents encoded at once into a directory: about a millisecond. */
  directoryPieceCount: 1000 as number,
  /** Looking at so many extents takes about a millisecond. */
  extentsPerTurnMax: 2000,
  /** Survivors are written in groups of about this size. */
  survivorGroupSizeMax: (1 * MiB) as number,
  /** Publishers are blocked below this (or a tenth of a small disk): others need room too. */
  diskFreeMin: (50 * MiB) as number,
  /** Given up when the disk is full all the same: some groups of acks and a checkpoint (1/32 of a small disk). */
  reserveSizeMax: (16 * MiB) as number,
  diskCheckIntervalMs: 1000,
  /** Large bodies that were committed or read lately. */
  asideCacheSizeMax: (16 * MiB) as number,
  /** So many of them stay whatever their size: somebody may be about to read them. */
  asideCacheCountMin: 4,
  /** Volatile messages of all queues in memory; older ones go to files that no crash survives. */
  volatileMemoryMax: (32 * MiB) as number,
  /** Recovery and cleaning read files in pieces of this size. */
  sequentialReadSize: (1 * MiB) as number,

  // AMQP: what is decoded.
  /** Deeper tables serve only to exhaust the stack; real ones (x-death) have three levels. */
  fieldTableDepthMax: 64,

  // AMQP connections.
  /** A client that has not opened its connection by then is hanging. RabbitMQ's handshake_timeout. */
  handshakeMsMax: 10_000,
  /** How long a refused client without a way to be told is kept waiting, as RabbitMQ does. */
  refusedLoginMs: 3000,
  /** How long the peer has to answer connection.close. */
  closeMsMax: 10_000,
  /** The same when the broker stops: it does not wait long for clients that are gone. */
  stopCloseMsMax: 2000,
  /** Frames before tune-ok. RabbitMQ's initial_frame_max. */
  handshakeFrameSizeMax: 8192,
  /** The smallest frame_max a client may ask for (AMQP 0-9-1 §4.2.3). */
  frameMaxMin: 4096,
  /** Dispatch to a connection stops while more than this is unsent. */
  outputSizeMax: (1 * MiB) as number,
  /** Frames are gathered in pieces of this size before they are written. */
  outputSlabSizeMax: (64 * KiB) as number,
  /** Larger bodies are sent from where they are instead of being copied. */
  copiedBodySizeMax: (16 * KiB) as number,
  /** Frames and messages of one connection that wait (for the disk, or while publishers are blocked). */
  parkedSizeMax: (4 * MiB) as number,
  /** What keeping a frame takes beside its payload: tiny ones must not get past the limits. */
  keptFrameSize: 128,
  /** The same for a message or a settlement that waits for a commit or to be unblocked. */
  keptMessageSize: 512,
  /** Direct replies to a connection that does not read are dropped beyond this. */
  unreadRepliesSizeMax: (16 * MiB) as number,
  /** Consumers of one channel. */
  consumersPerChannelMax: 65_536,

  // Kafka: what is decoded and sent.
  /** The largest request. Kafka's socket.request.max.bytes. */
  kafkaRequestSizeMax: (100 * MiB) as number,
  /** A request up to this size gets its room at once; of a larger one, eight times what has come. */
  kafkaRequestRoomInitial: (2 * MiB) as number,
  /** Array elements in one message: an element of two bytes becomes an object of a hundred. */
  kafkaElementsMax: 1_000_000,
  /** Larger record batches are sent from where they are instead of being copied. */
  copiedRecordsSizeMax: (16 * KiB) as number,

  // Crossing: messages as Kafka batches and batches as messages.
  /** What one batch may decompress to: a producer's batch is at most some megabytes. */
  decompressedSizeMax: (64 * MiB) as number,
  /** Decoded at once, in some 5 ms; a batch that is or becomes larger goes to a thread of its own. */
  decodedAtOnceSizeMax: (1 * MiB) as number,
  /** Records and headers of a produced batch that are looked at at once, in a few milliseconds. */
  checkedAtOnceWorkMax: 20_000,
  /** Records and headers of a batch that are converted at once, in some 5 ms; the thread does others. */
  crossedAtOnceWorkMax: 2000,
  /** What the thread converts at a time; the next part is made while this one is delivered. */
  crossedPartSizeMax: (512 * KiB) as number,
  crossedPartWorkMax: 8192,
  /** Offsets of a large batch that one part without settled records stands for: 2 ms to look them up. */
  filteredOffsetsMax: 65_536,
  /** A batch on its way to the thread is copied in steps of this size, of some 0.7 ms. */
  copiedPerTurnMax: (1 * MiB) as number,
  /** That thread takes 20 MB, and what it has open, while it waits for the next large batch. */
  batchThreadIdleMs: 30_000,
  /** Converted runs that are kept for the next reader; one of them stays whatever its size. */
  crossedRunsSizeMax: (32 * MiB) as number,
  /** A content header is one frame, which clients limit to 128 KiB; streams add headers of their own. */
  crossedHeaderSizeMax: (120 * KiB) as number,

  // Topology view.
  /** A broker that was just killed may need a moment to be gone. */
  dataLockWaitMs: 1000,
  /** Log entries in one transaction of the view: one flush for many, yet not a long one. */
  topologyBatchMax: 10_000,
  /** The same in bytes: as much is in memory three times while it is written. */
  topologyBatchSizeMax: (1 * MiB) as number,
  /** The view's thread takes 50 MB; it goes when nothing was declared for so long. */
  topologyWriterIdleMs: 5000,
  /** Declarations wait when more entries than this are not in the view yet. */
  topologyPendingMax: 100_000,
  /** After a failed write of the view, which usually means a full disk. */
  topologyRetryMs: 1000,

  // Program: configuration, listeners, HTTP, stopping.
  /** max-message-size cannot be set higher: a body is assembled in memory before it is routed. */
  messageSizeCeiling: (512 * MiB) as number,
  /** A configuration or password file is a few lines; more is a mistaken path. */
  configFileSizeMax: (1 * MiB) as number,
  /** Connections waiting to be accepted; the operating system may cap it lower. */
  listenBacklog: 1024,
  /** All connections share one buffer of this size: it bounds what one read takes. */
  socketReadSize: (256 * KiB) as number,
  /** Reads of one connection that fill it, before others get their turn: about a millisecond. */
  socketReadsInRowMax: 4,
  /** Sockets per listener: each costs a file handle and some kilobytes. */
  socketsPerListenerMax: 65_536,
  /** Handshakes of TLS that are not done: each holds some 50 KiB, and nobody has logged in yet. */
  tlsHandshakesMax: 4096,
  /** Handshakes begun in one turn: one takes up to a millisecond with an RSA key. */
  tlsHandshakesPerTurn: 4,
  /** Encrypted at once for one connection, in some 0.3 ms. */
  tlsWriteSizeMax: (256 * KiB) as number,
  /** How often certificate and key are looked at; a change counts when it was seen twice. */
  tlsFilesCheckMs: 2000,
  /** A certificate that ends so soon is warned of. */
  tlsExpiryWarningMs: 1_209_600_000,
  /** Health checks and a few browsers; more is a mistake or an attack. */
  httpConnectionsMax: 1000,
  /** A stop that takes longer than this is hanging and is cut off; the log recovers at the start. */
  stopMsMax: 30_000,
  /** npm and a terminal both pass Ctrl-C on: two signals this close together are one. */
  doubledSignalMs: 1000,
  /** What no first client needs is loaded when the broker has been ready for so long: they go first. */
  lateLoadMs: 100,
  /** How long a broker may outlive the npm that started it. */
  parentCheckMs: 250,

  // Queues.
  /** One queue's deliveries in a turn: others, and the disk, get their turn after that. */
  dispatchPerTurnMax: 1024,
  /** All deliveries of a turn: a thousand take a millisecond, unless the code has just been started. */
  dispatchMsPerTurnMax: 5,
  /** Deliveries of one queue between two looks at the clock. */
  dispatchBetweenLooks: 64,
  /** How far the mark below which a crash makes messages "redelivered" runs ahead of deliveries. */
  deliveredMarkAhead: 4096,
  /** The same behind a flood: what is delivered while `uncommittedSizeMax` is written before the mark. */
  deliveredMarkAheadMax: 262_144,
  /** Time to live of a message, as RabbitMQ has it: ten years. */
  expirationMsMax: 315_360_000_000,
  /** Unacked deliveries of one channel: what bounds memory when no prefetch is set. */
  unackedPerChannelMax: 262_144,
  /** Messages and settlements of one transaction, which is one atom. */
  transactionSizeMax: (64 * MiB) as number,
  // Kafka.
  /** Requests of one connection that are being answered at once. */
  kafkaRequestsInFlightMax: 100,
  /** One answer to a fetch, whatever the client would take: it is all in memory. Told as Kafka's fetch.max.bytes. */
  fetchAnswerSizeMax: (8 * MiB) as number,
  /** Partitions that a fetch reads at once, in a few milliseconds; of more, some each turn. */
  fetchedAtOnceMax: 500,
  /** What all long answers together take of a turn: nobody waits for more. */
  kafkaSliceMs: 4,
  /** Of them fetches, whose answers may be large. Clients have one at a time. */
  kafkaFetchesInFlightMax: 2,
  /** What is read of a connection whose requests have to wait. */
  kafkaReadAheadMax: (16 * KiB) as number,
  /** How long a refused login waits for its answer. Kafka's connection.failed.authentication.delay.ms. */
  kafkaRefusedLoginMs: 100,
  /** The largest request before the login. Kafka's sasl.server.max.receive.size. */
  kafkaLoginSizeMax: (512 * KiB) as number,
  /** A connection that neither sends nor waits for anything ends. Kafka's connections.max.idle.ms. */
  kafkaIdleMsMax: 600_000,
  /** How often such connections are looked for. */
  kafkaIdleCheckMs: 30_000,
  /** Client addresses that are watched for not reaching the advertised address. */
  watchedClientsMax: 1000,
  /** Longest long poll. */
  fetchWaitMsMax: 300_000,
  /** Partitions in one answer to DescribeTopicPartitions (Kafka's max.request.partition.size.limit). */
  describedPartitionsMax: 2000,
  /** Incremental fetch sessions (Kafka's max.incremental.fetch.session.cache.slots). */
  fetchSessionsMax: 1000,
  /** Idempotent producers not heard of for so long are forgotten (Kafka's producer.id.expiration.ms). */
  producerIdExpirationMs: 86_400_000,
  /** Each is a log with its memory and its entries; Kafka's tools warn far below that. */
  partitionsPerTopicMax: 10_000,
  /** Idempotent producers one partition remembers; the oldest are forgotten first. */
  producersPerPartitionMax: 10_000,
  /** One read of a stream consumer: each holds that much until it is delivered. */
  streamReadSizeMax: (256 * KiB) as number,
  /** Records a stream consumer with a filter passes over in a turn: others get theirs after that. */
  streamSkipsPerTurnMax: 4096,
  /** Named stream consumers: each is an entry that comes back at every start. */
  consumerNamesPerPartitionMax: 1000,
  /** Acks of named stream consumers are gathered for so long before they are written. */
  consumerOffsetsFlushMs: 100,
  /** How often topics are looked at for records past their retention. */
  retentionCheckMs: 30_000,
  /** Memory for resolved addresses of a virtual host; with more distinct keys they are resolved again. */
  routesSizeMax: (16 * MiB) as number,
  /** A resolved address, besides 8 bytes for each queue that it leads to. */
  routeSize: 512,

  // Consumer groups.
  /** Some tools invent a group id each time they run. A group without members takes 2.5 KiB. */
  groupsMax: 50_000,
  /** Default of group.max.size: a leader assigns for all members and is sent the metadata of each. */
  groupMembersMax: 5000,
  /** Member ids given out and not yet used; each holds a timer until its session timeout. */
  groupPendingMembersMax: 5000,
  /** A group with its members and assignments is stored as one row, at each generation. */
  groupStateSizeMax: (8 * MiB) as number,
  /** Partitions that one group commits: deleting the group deletes them in one atom. */
  groupOffsetsMax: 100_000,
  /** What clients make the broker remember for all groups together. */
  groupMemorySizeMax: (256 * MiB) as number,
  /** How long a join of a new member waits before it has to come again, as in Kafka. */
  groupNewMemberJoinMs: 300_000,
} as const
