// Limits of the durable log: what is gathered before it is written, files, caches.
import { KiB, MiB } from './units.ts'

export const logLimits = {
  /** What commits take is counted up to these, in seconds: from a fast disk to one that hangs. */
  commitSecondsBounds: [
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
  ] as readonly number[],
  /** A commit is written in one call; a larger one would hold everybody's confirms up. */
  commitSizeMax: (4 * MiB) as number,
  /** How long a commit of the profile `throughput` gathers: this share of what the last one took … */
  gatheringShare: 0.6 as number,
  /** … and no longer than this, however slow the disk is: it adds to the latency. */
  gatheringMsMax: 10 as number,
  /** Over before that once this share of the last commit was sent again: stragglers are for the next one. */
  gatheringSizeShare: 0.95 as number,
  /** A random read walks its run from the start: 256 KiB are a few thousand small records. */
  runSizeMax: (256 * KiB) as number,
  /** Volatile logs spill whole runs. */
  volatileRunSizeMax: (64 * KiB) as number,
  /** First size of a commit's shared bodies; doubles as needed. */
  sharedBodiesSizeInitial: (16 * KiB) as number,
  /** Below this a body is stored with each record: a reference would save nothing. */
  sharedBodySizeMin: 512,
  /** Bodies above this go to a file of their own, so that one message does not hold a commit up. */
  inlineBodySizeMax: (1 * MiB) as number,
  /** Past this, 65,536 offsets with scattered acks take a bitmap of 8 KiB instead of runs. */
  ackedRunsPerChunkMax: 512,
  /** Publishers are not read while more than this waits for the disk. */
  uncommittedSizeMax: (8 * MiB) as number,
  /** Large enough that files are few, small enough that a start replays little. */
  walFileSizeMax: (64 * MiB) as number,
  /** Below this a run is copied into the commit's buffer; above it the kernel gathers it itself. */
  coalescedRunSizeMax: (16 * KiB) as number,
  /** Memory in which a commit is gathered for one direct write; larger ones take several. */
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
  /** Zeros of a spare file go in steps of this size, each about as long as a commit. */
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
  /** A checkpoint repeats topology entries up to this size, whatever the topology file has … */
  topologyTailSizeMax: (256 * KiB) as number,
  /** … or this share of it: with more, a new one is written. */
  topologyTailShare: 0.5,
  /** A topology file is made in pieces, each a few milliseconds of a turn. */
  topologyPieceSizeMax: (128 * KiB) as number,
  /** State of logs repeated with one commit: a slice costs well under a millisecond. */
  checkpointSliceSizeMax: (128 * KiB) as number,
  /** Directories of sealed files that readers are in. */
  indexCacheSizeMax: (8 * MiB) as number,
  /** After a failed write: long enough not to burn, short enough that publishers do not notice. */
  diskRetryMs: 100,
  /** When it goes on failing: each try may leave a file behind. */
  diskRetryMsMax: 1000,
  /** A disk that has done nothing for so long does not come back: who watches the process takes over. */
  diskGiveUpMs: 60_000,
  /** What cannot be read for so long, while the disk takes writes, is lost. */
  readPatienceMs: 10_000,
  /** Near a place that was given up, less patience is needed for so long. */
  badPlaceMs: 60_000,
  /** The same trouble is told once in so long. */
  troubleNoticeMs: 10_000,
  /** So long after the data folder has gone, commits may still be confirmed. */
  folderLookMs: 100,
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
  /** Files that a start opens at the same time where each comes from another machine: two requests for each. */
  remoteOpensMax: 32 as number,
  /** Extents encoded at once into a directory: about a millisecond. */
  directoryPieceCount: 1000 as number,
  /** Looking at so many extents takes about a millisecond. */
  extentsPerTurnMax: 2000,
  /** Survivors are written in commits of about this size. */
  survivorCommitSizeMax: (1 * MiB) as number,
  /** Publishers are blocked below this (or a tenth of a small disk): others need room too. */
  diskFreeMin: (50 * MiB) as number,
  /** The same for files, where their number is limited (or a tenth of a small limit). */
  filesFreeMin: 100,
  /** They are let go again with this much of it. */
  diskFreeAgainShare: 1.1,
  /** Given up when the disk is full all the same: some commits of acks and a checkpoint (1/32 of a small disk). */
  reserveSizeMax: (16 * MiB) as number,
  /** A start with less (or 1/64 of a small disk) gives the reserve up: SQLite needs room, too. */
  startFreeMin: (1 * MiB) as number,
  diskCheckIntervalMs: 1000,
  /** A disk elsewhere that has refused a write has no room for so long; what is refused is tried again sooner. */
  refusedMs: 5000,
  /** Large bodies that were committed or read lately. */
  asideCacheSizeMax: (16 * MiB) as number,
  /** So many of them stay whatever their size: somebody may be about to read them. */
  asideCacheCountMin: 4,
  /** Volatile messages of all queues in memory; older ones go to files that no crash survives. */
  volatileMemoryMax: (32 * MiB) as number,
  /** What is written anew is read in pieces of about this size. */
  rewritingPieceSizeMax: (1 * MiB) as number,
  /** Recovery and cleaning read files in pieces of this size. */
  sequentialReadSize: (1 * MiB) as number,
  /** A backup that nobody reads on keeps files that nobody needs: the client or its network is gone. */
  snapshotIdleMsMax: 60_000,
  /** How often that is looked at. */
  snapshotLookMs: 1000,
  /** A backup reads so much at once: a fraction of a millisecond of the disk's time. */
  backupPieceSize: (256 * KiB) as number,
  /**
   * The epoch of a restored folder is the number of its second from here on: no broker is started more often
   * than once a second, and the number fits Kafka's 32 bits until 2088.
   */
  restoreEpochStart: Date.UTC(2020, 0, 1) as number,
  /** Slower, a piece of a backup would take longer than a reader may wait. */
  backupRateMin: (64 * KiB) as number,
  /** The list of checksums in a backup, about a hundred bytes a file: a million large bodies and more. */
  backupListSizeMax: (256 * MiB) as number,
} as const
