// Limits of `pabal crash-test`, which is a client and a supervisor of brokers of its own.

export const crashTestLimits = {
  /** How long it runs at most: what it wrote down of each message is in memory. */
  secondsMax: 3600,
  /** Kills at most. */
  roundsMax: 1000,
  /** Each has a connection, a queue and a consumer; more of them test the machine, not the broker. */
  publishersMax: 64,
  /** Messages of one publisher that wait for their confirm: as clients that are in a hurry have it. */
  windowMax: 200,
  /** A byte is kept of each message; no broker takes more of one publisher in the longest run. */
  messagesMax: 200_000_000,
  /** Unacked messages of one consumer. */
  prefetch: 200,
  /** Bytes of a message: small ones are many, some span pages of the disk. */
  messageSizeMax: 4096,
  /** A broker that is not ready after this long is taken for one that cannot start. */
  startMsMax: 60_000,
  /** A queue that delivers nothing for so long has lost what it said it had. */
  silentMsMax: 20_000,
  /** The ready file is looked for so often; restarts are measured as exactly. */
  readyLookMs: 2,
  /** Messages that are named when they are lost: the first show what the others have in common. */
  namedMax: 10,
  /** Bytes of what a broker said that are kept, to be shown when it does not start. */
  outputSizeMax: 8192,
  /** Writes of 64 KiB with fdatasync that the disk is measured by. */
  diskWrites: 100,
} as const
