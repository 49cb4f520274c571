// Connections that have views of the API sent to them, on whichever port: not too many, and none for longer than
// the broker lasts.
import { liveLimits } from '../../limits/live.ts'

/** One of them. */
export interface LiveConnection {
  readonly user: string
  /** Milliseconds that its views took when each was made last. */
  readonly makingMs: number
  /** Looks at `endReason` soon. */
  readonly wake: () => void
}

export class LiveConnections {
  readonly #connections = new Set<LiveConnection>()
  #endReason: string | undefined

  /** Why they end, and no other begins; undefined while they go on. */
  get endReason(): string | undefined {
    return this.#endReason
  }

  /** Milliseconds that all views of all connections took when each was made last. */
  get makingMs(): number {
    let sum = 0
    for (const { makingMs } of this.#connections) sum += makingMs
    return sum
  }

  /** Of whom there are too many; undefined when it may begin. */
  whyFull(user: string): 'too many of the user' | 'too many' | undefined {
    const own = Array.from(this.#connections).filter((each) => each.user === user)
    if (own.length >= liveLimits.connectionsPerUserMax) return 'too many of the user'
    return this.#connections.size >= liveLimits.connectionsMax ? 'too many' : undefined
  }

  /** Whoever adds one removes it. */
  add(connection: LiveConnection): void {
    this.#connections.add(connection)
  }

  remove(connection: LiveConnection): void {
    this.#connections.delete(connection)
  }

  endAll(reason: string): void {
    this.#endReason = reason
    for (const { wake } of this.#connections) wake()
  }
}
