// Limits of `pabal cluster dev`, which starts all of a cluster on one machine and watches over it.

export const clusterDevLimits = {
  /** A message survives one node, and who wants to see more has more of them. */
  nodesDefault: 3,
  /** Each is a process of some 100 MB. */
  nodesMax: 9,
  /** Processes and their files are looked at so often; takeovers are measured as exactly. */
  lookMs: 50,
  /** What ended by itself is started again so much later: somebody sees that it is gone. */
  restartMs: 2000,
  /** A node that has ended waits so long at most until others have its cells: started at once, it would take them. */
  takeoverMsMax: 20_000,
  /** Cells are lost for so long although somebody could have them: they may be down. */
  unservedMs: 7000,
  /** Between two looks whether it is. */
  downLookMs: 2000,
  /** The table is shown so long after the first node serves, whether or not all cells have their places. */
  settleMsMax: 15_000,
  /** A node that ends with an error so often in a row … */
  failuresMax: 3 as number,
  /** … each time within so long, is started no more. */
  failedWithinMs: 10_000,
  /** A node's own limit for its stop is shorter. */
  nodeStopMsMax: 28_000,
  /** PostgreSQL, and the first node, have so long to be ready: recovery of an old folder takes a while. */
  readyMsMax: 60_000,
  /** What ends PostgreSQL is sent again, and harder, after so long. */
  postgresStopMsMax: 5000,
  /** Lines of a log that are shown when something does not start. */
  shownLines: 3,
} as const
