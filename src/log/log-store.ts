// The only storage interface. Engines: `memory` (tests, simulation), `file` (embedded default).
// It knows logs, cursors and commits; what a queue, a topic or a topology entry means is
// not its business.
import type { StateEntry, TopologyEntry } from './commit.ts'
import type { FullPlace } from './full-place.ts'
import type { LogCursor } from './log-cursor.ts'
import type { LogRewriting } from './log-rewriting.ts'
import type { Log } from './log.ts'
import type { Absence } from './reading.ts'
import type { Run } from './run.ts'
import type { FileStats, StoreStats } from './store-stats.ts'
import type { Ticket } from './ticket.ts'

/** Why publishers have to wait. */
export type BlockedReason = 'low on disk' | 'disk fails'

/** What a store tells its owner outside of commits. */
export interface LogStoreEvents {
  /**
   * Storage is (or is no longer) short: publishers must be blocked, acks and deletes go on. `place` is given
   * where that is no disk of the machine's own.
   */
  onBlocked?(reason: BlockedReason | undefined, place?: FullPlace): void
  /** A topology entry is durable; told in order. */
  onTopologyDurable?(entry: TopologyEntry): void
  /** Storage failed in a way that it cannot mend: the process has to end, nothing more is confirmed. */
  onFailed?(error: Error): void
  /**
   * Reading or writing failed `count` times since the last call and is tried again; nothing is lost
   * and nothing that concerns it confirmed meanwhile.
   */
  onTrouble?(error: Error, count: number): void
  /** What was stored in an older format is in the format of this program now. */
  onMigrated?(from: number, to: number): void
  /** Stored bytes are damaged: offsets first … last of `log` cannot be read and count as a gap. */
  onDamaged?(log: Log, first: number, last: number, error: Error): void
}

/** What a store found when it was opened. */
export interface Recovered {
  /** Durable logs, each with its cursors. */
  readonly logs: readonly Log[]
  /** Entries that add up to all of the topology, in order; several may have the same sequence. */
  readonly topology: readonly TopologyEntry[]
  /** What `putState` kept. */
  readonly state: ReadonlyMap<string, Buffer>
  /** Says what unconfirmed bytes at the end were cut off, if any were. */
  readonly cut: string | undefined
  /** Says which confirmed messages cannot be had and what can be done about it. */
  readonly losses: readonly string[]
}

export interface CreateLogOptions {
  /** Never touches stable storage; gone with the process. */
  readonly isVolatile: boolean
}

/**
 * Everything that topology entries up to now add up to, as entries. While they are asked for, between atoms
 * and over several turns, later changes may come; whether those show in them does not matter, as their
 * own entries come after these.
 */
export type TopologySource = () => Iterable<Buffer>

/** All calls are synchronous and change memory at once; durability is reported per commit. */
export interface LogStore {
  /** Rises by one at each open. */
  readonly epoch: number
  /** What the last backup that all of this was made of had at most for an epoch; 0 when it is of none. */
  readonly restoredEpoch: number
  /** No other store that was made of the same backup or folder has the same. */
  readonly copyId: string
  /** Bytes appended and not yet durable: what backpressure to publishers is based on. */
  readonly uncommittedSize: number
  readonly blocked: BlockedReason | undefined
  readonly stats: StoreStats
  /** Undefined for a store without files. */
  readonly fileStats: FileStats | undefined

  /**
   * Starts an atom: all calls until `endAtom` are durable together or not at all. Atoms do not nest,
   * and no store refuses one.
   */
  beginAtom(): void
  /** Ends the atom. Undefined when it has changed nothing that lasts. */
  endAtom(): Ticket | undefined

  /**
   * Creates a log with an id that was never used, and no cursor yet. Within an atom, unless it is
   * volatile.
   */
  createLog(options: CreateLogOptions): Log
  /**
   * Gives a log one more cursor, with an id that was never used, for which everything below
   * `firstOffset` is acked. What all cursors of a log have acked is not kept. Within an atom, unless
   * the log is volatile.
   */
  createCursor(log: Log, firstOffset?: number): LogCursor
  /** Forgets a cursor; others decide from now on what is kept. Within an atom. */
  deleteCursor(cursor: LogCursor): void
  /** Forgets a log with its cursors and gives its space back. Within an atom. */
  deleteLog(log: Log): void
  /** Nothing below `offset` will be read again, whatever the log's cursors say. Within an atom. */
  trim(log: Log, offset: number): void
  /**
   * Keeps a body that several records of the atom have, once; returns what `Log.append` wants to know.
   * Within an atom.
   */
  shareBody(body: Buffer, start: number, end: number): number
  /** Keeps `bytes` in order with everything else; returns the entry's sequence (rising, from 1). Within an atom. */
  putTopology(bytes: Buffer): number
  /**
   * Keeps `value` under `key` (undefined forgets it), durable with the atom: group offsets,
   * producer state. All keys come back at the next open, so there must be few. Within an atom.
   * False, having changed nothing, when there is no room for it; there always is to forget. `log` is whose
   * append it goes with, if it does: it is as urgent as that.
   */
  putState(key: string, value: Buffer | undefined, log?: Log): boolean
  /** The share of the room for `putState` that is in use; 0 where there is no end to it. */
  readonly stateUse: number
  /** As `putState`, for all of `entries` or none of them. Within an atom. */
  putStates(entries: readonly StateEntry[]): boolean
  /**
   * Says how the store gets all of the topology in a few entries: until it knows that, it keeps every entry
   * that was ever put. To be called once, after the topology was restored.
   */
  setTopologySource(source: TopologySource): void

  /**
   * Brings what is absent into memory, in the form that readers want, then calls back
   * once. `absence` is what `log.read` answered right now; it may answer with another one afterwards.
   * `error` when the bytes on disk are damaged.
   */
  load(log: Log, absence: Absence, done: (error?: Error) => void): void
  /**
   * Durable runs of `log`, of a volatile one all runs, in order, from the one that holds the first record
   * at or after `offset`, as many as fit `sizeMax`; the first one whatever its size, unless `isStrict`.
   * A promise when they are not in memory. Unlike `load` it disturbs no other reader. The runs keep their bytes as long as
   * the caller has them, and retained for it (`Run.release`).
   */
  readRuns(
    log: Log,
    offset: number,
    sizeMax: number,
    isStrict?: boolean,
  ): readonly Run[] | Promise<readonly Run[]>
  /**
   * The first of these runs at or after `offset` (0) with a record of at least this timestamp, retained
   * as well.
   */
  findRunByTimestamp(log: Log, timestamp: number, offset?: number): Promise<Run | undefined>
  /** The largest timestamp of a durable record; undefined when there is none. */
  maxTimestamp(log: Log): Promise<number | undefined>
  /**
   * The offset below which a log has to be trimmed so that nothing is older than `timestampMin` and
   * it takes at most `sizeMax` bytes; whole runs only, never the last one.
   */
  retentionOffset(
    log: Log,
    keep: { readonly timestampMin: number; readonly sizeMax: number },
  ): Promise<number>
  /**
   * When the first record at or after `offset` came, by what is known without reading: where only a later
   * time is known, that one. Milliseconds since the Unix epoch; undefined when there is no such record.
   */
  timestampAt(log: Log, offset: number): number | undefined
  /** Begins to write the older part of logs anew; see `LogRewriting`. One at a time. */
  openRewriting(): LogRewriting
  /** About how many bytes of the durable runs of `log` lie in [first, end), by what is known without reading. */
  sizeIn(log: Log, first: number, end: number): number
  /** Bytes that the log's runs take. */
  sizeOf(log: Log): number
  /**
   * Stores a large body durably in a file of its own, then calls back with its id for
   * `RecordSource.asideId`. The body is kept in memory until its record is committed.
   */
  writeAside(body: Buffer, done: (asideId: number) => void): void
  /**
   * The first `sizeMax` bytes of a large body, or all of it, not checked: to be looked at, not to be
   * delivered. Undefined when it is gone or cannot be read.
   */
  readAsideStart(asideId: number, sizeMax: number): Promise<Buffer | undefined>
  /** The publisher of a large body needs its id no more: the body goes, unless a record has it. */
  dropAside(asideId: number): void

  /** Seals and flushes what is open, then releases everything. Nothing may be called after. */
  close(): Promise<void>
}
