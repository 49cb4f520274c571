// Limits of connections between the nodes of a cluster, and of clients that are passed on.
import { KiB } from './units.ts'

export const linkLimits = {
  /** From a connection at the node port to its proof: nodes need some milliseconds. */
  proofMsMax: 5000,
  /** How long whoever is asked for may take to accept or refuse. */
  answerMsMax: 5000,
  /** A node that does not take a connection for so long is asked later. */
  connectMsMax: 3000,
  /** From the connection to the answer, for who asks: a node that stands still for so long does not serve. */
  dialMsMax: 5000,
  /** Bytes of a preface and of an answer: a token with all its scopes, and what a client says of itself. */
  prefaceSizeMax: (256 * KiB) as number,
  /** Connections that have proved nothing yet. One more ends the oldest, so that nodes always get through. */
  strangersMax: 256,
  /** Connections that are being made to one node; the others wait, or all clients of a lost node come at once. */
  dialsAtOnceMax: 64,
  /** A node that could not be reached is not asked for so long. */
  unreachableMs: 250,
  /** What goes wrong at the node port is said once in so long, with the number of times. */
  warningMs: 1000,
  /** The same of a node of another version, which each client finds out that wants there. */
  versionWarningMs: 60_000,
  /** A silent connection between nodes is asked so often whether the other end lives. */
  keepAliveMs: 10_000,
  /** Read at once of a client that is passed on, and of what it is sent: so much of each may wait for the other end. */
  relayReadSize: (64 * KiB) as number,
  /** One end of a client that is passed on has ended: the other one has so long. */
  halfClosedMsMax: 30_000,
} as const

export const edgeLimits = {
  /** A client waits so long for the owner of its virtual host: a takeover after a crash takes less, as a rule. */
  ownerMsMax: 15_000,
  /** How often it looks again meanwhile. */
  ownerLookMs: 100,
  /** PostgreSQL is asked this often for all that wait. */
  refreshMs: 250,
  /** A virtual host that this node has not heard of may be new: PostgreSQL is asked, and has so long to answer. */
  unknownMsMax: 1500,
  /** The owner of a cell that moves tells its clients itself; after so long the node that passes them on does. */
  movedMsMax: 1000,
  /** What a node knows of parameters of another node's cell is asked for again after so long. */
  parametersMs: 1000,
  /** A client that is refused has so long to read why. */
  refusedMsMax: 2000,
} as const
