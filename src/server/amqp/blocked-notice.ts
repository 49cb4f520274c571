// connection.blocked and connection.unblocked: told to clients that publish and want to know, once each.
import { CONNECTION_BLOCKED, CONNECTION_UNBLOCKED } from '../../codec/amqp/methods.gen.ts'
import type { ConnectionSession } from './connection-session.ts'

/** Whom it is told to. */
type Notified = Pick<ConnectionSession, 'context' | 'hasCapability' | 'send'>

export class BlockedNotice {
  readonly #connection: Notified
  #hasPublished = false
  #isTold = false

  constructor(connection: Notified) {
    this.#connection = connection
  }

  /** Whether the client publishes, and publishers are blocked. */
  get isBlocked(): boolean {
    return this.#isTold
  }

  /** The client has published: from now on it is told when publishers are blocked. */
  onPublished(): void {
    if (this.#hasPublished) return
    this.#hasPublished = true
    this.tell()
  }

  /** Says that publishers are blocked, if they are. */
  tell(): void {
    const { reason } = this.#connection.context.broker.shortage
    if (reason === undefined || this.#isTold || !this.#hasPublished) return
    this.#isTold = true
    if (!this.#connection.hasCapability('connection.blocked')) return
    this.#connection.send(0, { id: CONNECTION_BLOCKED, reason })
  }

  /** Says that they no longer are, to whom the other was said. */
  lift(): void {
    const wasTold = this.#isTold
    this.#isTold = false
    if (!wasTold || !this.#connection.hasCapability('connection.blocked')) return
    this.#connection.send(0, { id: CONNECTION_UNBLOCKED })
  }
}
