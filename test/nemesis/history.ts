// What clients have seen, as plain data that goes from their thread to the judge.

/** A message that a client has sent, once. Its id is `FROM:SEQ`. */
export interface Sent {
  readonly from: string
  readonly seq: number
  /** The queue, or `topic/partition`. */
  readonly to: string
  /** `refused` ones must not be there; `unknown` ones may be, once. */
  outcome: 'unknown' | 'confirmed' | 'refused'
  /** Of a record: where the broker says that it is. */
  offset?: number
}

/** A connection of AMQP, from which node and since when. */
export interface Session {
  readonly id: number
  /** Index of the address that was connected to. */
  readonly node: number
  readonly openedAt: number
}

/** A confirm or a delivery came by a connection. */
export interface Heard {
  readonly session: number
  readonly what: string
  /** When it was there for the client to read, at the earliest. */
  readonly at: number
}

/** A message that came from a queue. */
export interface Delivered {
  readonly id: string
  readonly queue: string
  readonly session: number
  readonly isRedelivered: boolean
  /** In the order in which the client saw things. */
  readonly order: number
}

/** From this moment on the broker has promised that these do not come back. */
export interface Settled {
  readonly id: string
  readonly queue: string
  readonly order: number
}

/** A record that a reader saw. */
export interface Read {
  readonly partition: string
  readonly offset: number
  readonly id: string
}

/** How often a partition was read from where, after a commit that was confirmed said where to go on. */
export interface Resumed {
  readonly partition: string
  readonly offset: number
  readonly committed: number
}

/** A transaction of a pair of records. */
export interface Pair {
  readonly id: string
  readonly outcome: 'committed' | 'aborted' | 'unknown'
}

export interface History {
  readonly sent: Sent[]
  readonly sessions: Session[]
  readonly heard: Heard[]
  readonly delivered: Delivered[]
  readonly settled: Settled[]
  readonly read: Read[]
  readonly resumed: Resumed[]
  readonly pairs: Pair[]
  /** What a client saw that must not be, in words. */
  readonly wrongs: string[]
}

export interface Progress {
  /** How many were confirmed by now, of each protocol. */
  readonly amqp: number
  readonly kafka: number
  readonly settled: number
  readonly read: number
  readonly committed: number
}

export function emptyHistory(): History {
  return {
    sent: [],
    sessions: [],
    heard: [],
    delivered: [],
    settled: [],
    read: [],
    resumed: [],
    pairs: [],
    wrongs: [],
  }
}
