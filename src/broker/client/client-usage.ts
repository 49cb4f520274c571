// How many connections and channels there are, for limits. Those of other nodes are as old as the last question.

export interface ClientUsage {
  /** That have opened a virtual host. */
  readonly connections: number
  readonly channels: number
}

/** Of whom; left out, of all. */
export interface UsageAsked {
  readonly user?: string | undefined
  readonly vhost?: string | undefined
}

/** A client that has not opened its virtual host yet. */
export interface EnteringClient {
  readonly user: string
}

export interface ClientsElsewhere {
  ofUser(user: string): ClientUsage
}
