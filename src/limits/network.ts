// Limits of listeners, sockets, TLS and HTTP.
import { KiB, MiB } from './units.ts'

export const networkLimits = {
  /** Connections waiting to be accepted; the operating system may cap it lower. */
  listenBacklog: 1024,
  /** All connections share one buffer of this size: it bounds what one read takes. */
  socketReadSize: (256 * KiB) as number,
  /** Reads of one connection that fill it, before others get their turn: about a millisecond. */
  socketReadsInRowMax: 4,
  /** Sockets per listener: each costs a file handle and some kilobytes. */
  socketsPerListenerMax: 65_536,
  /** Refused connections and failed handshakes of a port are told once in so long, with their number. */
  connectionWarningMs: 1000,
  /** Handshakes of TLS that are not done: each holds some 50 KiB, and nobody has logged in yet. */
  tlsHandshakesMax: 4096,
  /** Handshakes begun in one turn: one takes up to a millisecond with an RSA key. */
  tlsHandshakesPerTurn: 4,
  /** Header of the PROXY protocol, which comes before anybody has logged in: addresses, and what else a proxy knows. */
  proxyHeaderSizeMax: (4 * KiB) as number,
  /** Clients whose header of the PROXY protocol is not complete: one more ends the oldest. */
  proxiedArrivalsMax: 4096,
  /** A proxy sends the header at once. */
  proxyHeaderMsMax: 5000,
  /** Encrypted at once for one connection, in some 0.3 ms. */
  tlsWriteSizeMax: (256 * KiB) as number,
  /** How often connections with something unsent are looked at. */
  sendCheckMs: 1000,
  /** A peer may take nothing for so long while the budget of memory for output is used up. */
  pressedSendMsMax: 5000,
  /** How often certificate and key are looked at; a change counts when it was seen twice. */
  tlsFilesCheckMs: 2000,
  /** A certificate that ends so soon is warned of. */
  tlsExpiryWarningMs: 1_209_600_000,
  /** Health checks and a few browsers; more is a mistake or an attack. */
  httpConnectionsMax: 1000,
  /** A request's header comes with its first packets; a connection without one is silent. */
  httpHeadersMsMax: 5000,
  /**
   * A request waits so long for a node of a cluster that has lost touch with PostgreSQL, before it is done and after:
   * less than clients and proxies wait, and long enough for another node to take over.
   */
  frozenHttpMsMax: 10_000 as number,
  /** A whole request: the bodies of an API are small. */
  httpRequestMsMax: 30_000,
  /** Body of a request of the management API: a policy or a user, not a file. */
  httpBodySizeMax: (64 * KiB) as number,
  /** The same for a job, which may name a thousand messages or have a payload. */
  httpJobSizeMax: (256 * KiB) as number,
  /** Bodies above `httpBodySizeMax` of users who are no administrators, all together: as much as is published. */
  httpLargeBodiesSizeMax: (64 * MiB) as number,
  /** Connections to the local socket: commands of one person. */
  localSocketsMax: 256,
  /** Bytes in the path of a socket, without the zero behind it: 108 on Linux, 104 on BSD and macOS. */
  socketPathSizeMax: (process.platform === 'linux' ? 107 : 103) as number,
  /** How often slow connections are looked for. */
  httpCheckMs: 1000,
} as const
