// Limits of the objects of a cluster: requests to their store, the local cache, the sweep.
import { KiB, MiB } from './units.ts'

export const objectLimits = {
  /** A larger object goes in parts of this size, each sent again alone: S3 wants at least 5 MiB. */
  partSizeMin: (8 * MiB) as number,
  /** More parts no store takes; a larger object has larger ones. */
  partsMax: 10_000,
  /** Parts in memory at the same time, over all uploads: 32 MiB. */
  partsAtOnceMax: 4,
  /** Objects that are deleted at the same time, each by a request: some stores have no other. */
  deletesAtOnceMax: 8,
  /** Connections to the store, over all requests. */
  connectionsMax: 32,
  /** A store that cannot be reached in this time is tried again. */
  connectMsMax: 3000,
  /** A request takes no longer, … */
  requestMsMax: 10_000,
  /** … but for what it carries, at this speed at least, in bytes a second. */
  requestSpeedMin: (256 * KiB) as number,
  /** Before the second try; doubles with each, and a random half of it is left out, so that many do not come together. */
  retryMs: 50,
  /** Between two tries at most: a store that is back is found within this. */
  retryMsMax: 5000,
  /** A store that does not do what a cell needs is waited for so long at a start. */
  checkMsMax: 5000 as number,
  /** Whoever is about to claim a cell asks its objects for so long; then it looks again. */
  claimMsMax: 1500 as number,
  /** Objects of a page of a list; S3 gives no more. */
  listedMax: 1000,
  /** What is read of an object at a time: one request of 5 to 50 ms, and what a group that reads on needs next. */
  cacheBlockSize: (4 * MiB) as number,
  /** A small read of a block that is not here fetches so much of it: the header of a file, or its directory. */
  peekPieceSize: (64 * KiB) as number,
  /** A block of which so many pieces were fetched is fetched as a whole. */
  peeksPerBlock: 4,
  /** Pieces that are fetched at the same time: a start opens thousands of files. */
  peeksAtOnceMax: 32,
  /** Pieces that are kept in memory: a directory is read in two steps. */
  peekPiecesMax: 64,
  /** Blocks of which it is known that some pieces were fetched. */
  peekedBlocksMax: 65_536,
  /** Each piece of a block in a local file has a checksum: what is read back is checked in such steps. */
  cachePieceSize: (64 * KiB) as number,
  /** Blocks that are fetched at the same time: with those that wait to be written 32 MiB. */
  cacheFetchesMax: 8,
  /** The local cache: what is older than the last minutes is read by few. */
  cacheSizeMax: (4096 * MiB) as number,
  /** Files of the cache, of which small objects have one each. */
  cacheFilesMax: 16_384,
  /** Objects that one pass of the sweep looks at: ten requests. */
  sweepListedMax: 10_000,
  /** Objects that one pass deletes: it is asked after each whether the cell is still ours. */
  sweepDeletedMax: 500,
  /** Younger objects the sweep does not look at: they may be about to get their name. */
  sweepFreshMs: 3_600_000,
  /** Without a name for so long, an object goes: PostgreSQL may have been restored to a moment at which it had one. */
  orphanGraceMs: 604_800_000,
} as const
