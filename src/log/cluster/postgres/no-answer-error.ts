// A server that did not answer in time; what was sent to it takes place or not.

export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'

  constructor(ms: number, cause: unknown) {
    super(`PostgreSQL did not answer within ${ms} ms`, { cause })
  }
}
