// Tails and exports that are under way: not too many, and none for longer than its stream, its login or the
// broker lasts.
import { tailLimits } from '../../limits/tail.ts'
import type { Broker } from '../broker.ts'
import type { Destination } from '../destination.ts'

/** One of them. */
export interface MessageStream {
  readonly kind: 'tail' | 'export'
  readonly user: string
  readonly destination: Destination
  /** Called once or more. */
  readonly end: (reason: string) => void
  /** Something was declared, deleted or permitted. */
  readonly refresh: () => void
}

const deleted = 'the stream was deleted'

export class MessageStreams {
  readonly #broker: Pick<Broker, 'deletionListeners' | 'topology' | 'clock'>
  readonly #streams = new Set<MessageStream>()
  #endReason: string | undefined
  #isWatching = false
  #isRefreshDue = false

  constructor(broker: Pick<Broker, 'deletionListeners' | 'topology' | 'clock'>) {
    this.#broker = broker
  }

  /** Why none may begin; undefined when they may. */
  get endReason(): string | undefined {
    return this.#endReason
  }

  /**
   * Whoever adds one removes it. Otherwise says of whom there are too many. What has happened while it was opened
   * it is told now.
   */
  add(stream: MessageStream): 'added' | 'too many of the user' | 'too many' {
    const { tailsPerUserMax, tailsMax, exportsPerUserMax, exportsMax } = tailLimits
    const isTail = stream.kind === 'tail'
    const alike = Array.from(this.#streams).filter(({ kind }) => kind === stream.kind)
    const ownCount = alike.filter(({ user }) => user === stream.user).length
    if (ownCount >= (isTail ? tailsPerUserMax : exportsPerUserMax)) return 'too many of the user'
    if (alike.length >= (isTail ? tailsMax : exportsMax)) return 'too many'
    this.#streams.add(stream)
    this.#watch()
    if (this.#endReason !== undefined) stream.end(this.#endReason)
    else if (stream.destination.isDeleted) stream.end(deleted)
    else stream.refresh()
    return 'added'
  }

  remove(stream: MessageStream): void {
    this.#streams.delete(stream)
  }

  /** Ends all, until `reopen`. */
  endAll(reason: string): void {
    this.#endReason = reason
    for (const stream of this.#streams) stream.end(reason)
  }

  reopen(): void {
    this.#endReason = undefined
  }

  /** Brokers without any are told nothing. */
  #watch(): void {
    if (this.#isWatching) return
    this.#isWatching = true
    const { deletionListeners, topology, clock } = this.#broker
    deletionListeners.push((gone) => {
      for (const { destination, end } of this.#streams) {
        if (destination === gone) end(deleted)
      }
    })
    topology.onPut.push(() => {
      if (this.#isRefreshDue || this.#streams.size === 0) return
      this.#isRefreshDue = true
      // Within the atom nothing of it can be seen yet.
      clock.atEndOfTurn(() => {
        this.#isRefreshDue = false
        for (const stream of this.#streams) stream.refresh()
      })
    })
  }
}
