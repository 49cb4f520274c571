// For how long a connection has been of no use to anybody: nothing came, and nothing was waited for.

export class IdleMeter {
  /** Something came in since the last look. */
  isHeard = false
  /** It waited for an answer at the last look, or for its client to take it. */
  #wasWaiting = false
  #ms = 0

  /** To be called every `ms`. Returns for how long it has been idle, in ms. */
  look(ms: number, { isWaiting, isMuted }: IdleFacts): number {
    const isActive = this.isHeard || isWaiting || this.#wasWaiting || isMuted
    this.isHeard = false
    this.#wasWaiting = isWaiting
    this.#ms = isActive ? 0 : this.#ms + ms
    return this.#ms
  }
}

interface IdleFacts {
  /** The client waits for an answer, or an answer for the client. */
  readonly isWaiting: boolean
  readonly isMuted: boolean
}
