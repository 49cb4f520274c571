// An error that the S3 double answers with.

export class DoubleError extends Error {
  readonly status: number
  /** As S3 names it. */
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** What S3 says of a key that is not there. */
export function noSuchKey(): DoubleError {
  return new DoubleError(404, 'NoSuchKey', 'The specified key does not exist.')
}
