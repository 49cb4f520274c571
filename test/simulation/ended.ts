/** A connection or channel has ended: what was under way on it is not going to be answered. */
export class Ended extends Error {
  /** AMQP's reply code, when the broker gave one. */
  readonly code: number

  constructor(reason: string, code = 0) {
    super(reason)
    this.name = 'Ended'
    this.code = code
  }
}
