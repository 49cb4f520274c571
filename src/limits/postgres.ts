// Limits of a cluster's PostgreSQL: connections to it, rows of open files, who owns a cell.
import { KiB, MiB } from './units.ts'

export const postgresLimits = {
  /** Hosts of one address: a primary, its standbys, and some that are being moved to. */
  hostsMax: 16,
  /** A host that does not take a connection by then is not the primary that serves soon. */
  connectMsMax: 2000 as number,
  /** How long a primary that was found waits for hosts that may be a newer one. */
  newerPrimaryMs: 250,
  /** First pause after a connection failed; doubles. */
  reconnectMs: 25,
  /** Longest pause: a promoted standby is found so much later. */
  reconnectMsMax: 1000,
  /** A statement without an answer for so long has lost its server; waits for the standby are shorter, as a rule. */
  statementMsMax: 5000 as number,
  /** The same after several times: a standby that is down would have the statement sent again and again. */
  statementMsLongest: 60_000 as number,
  /** How often the server looks whether the client of a statement that waits is still there. */
  clientCheckMs: 2000,
  /** A socket that is silent is asked so often whether the other end lives. */
  keepAliveMs: 10_000,
  /** Bytes of a row: a read of few bytes fetches at most so many more. */
  rowSizeMax: (256 * KiB) as number,
  /** Bytes of an append, which is one statement and in memory three times. */
  appendSizeMax: (64 * MiB) as number,
  /** Tables for open files of a cell: two files are open as a rule, others wait to be objects. */
  slotsMax: 32,
  /** How long emptying a table waits for whoever reads it, such as a dump; then its rows are deleted one by one. */
  emptyLockMs: 100,
  /** Cells of a cluster: each has connections and tables of its own. */
  cellsMax: 1024,
  cellsDefault: 12,
} as const

export const ownershipLimits = {
  /** Between two heartbeats of a node. */
  heartbeatMs: 1000,
  /** A node without a heartbeat for so long, by the clock of whoever looks, has lost its cells. */
  timeToLiveMs: 5000,
  /**
   * Whoever begins to look does not know which nodes are there: one that has not sent a heartbeat by then gets no cell.
   * Those that live do so within a second.
   */
  firstBeatMsMax: 1500,
  /** A node freezes so long after it sent the last heartbeat that succeeded: well before the others' limit. */
  ownLimitMs: 3000,
  /** Looks further apart than this prove nothing: nodes may have come and gone in between. */
  lookGapMsMax: 2500,
  /** What fails with each heartbeat is said so often. */
  noticeMs: 10_000,
  /** That a cell is down is said again so often: nothing changes until somebody acts. */
  downNoticeMs: 600_000,
  /** Cells that a node gives away after one look: the others are served meanwhile. */
  movesAtOnceMax: 2,
  /** A cell whose owners crash so often … */
  crashesMax: 3,
  /** … within so long stays down: a poisoned request must not walk through all nodes. */
  crashesMs: 300_000,
} as const
