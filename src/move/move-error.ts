/**
 * - `unreachable`: a side is not there, or went.
 * - `missing`: what was named is not there.
 * - `denied`: a side does not allow it.
 * - `refused`: a side cannot take or give what is to be moved.
 */
export type MoveErrorKind = 'unreachable' | 'missing' | 'denied' | 'refused'

/** Why a move cannot go on, in words for whoever started it. */
export class MoveError extends Error {
  override readonly name = 'MoveError'
  readonly kind: MoveErrorKind

  constructor(kind: MoveErrorKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}
