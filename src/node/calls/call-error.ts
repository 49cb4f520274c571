// Why a call was not answered with a result.

export type CallFailure =
  /** Nobody could be asked, or whoever was asked went away. */
  | 'unreachable'
  /** Whoever was asked has said no, in words that are for a person. */
  | 'refused'

interface CallErrorMore {
  readonly code?: string
  readonly mayBeDone?: boolean
}

export class CallError extends Error {
  readonly failure: CallFailure
  /** Of what was refused: for programs. */
  readonly code: string
  /** Whether it may have been done. */
  readonly mayBeDone: boolean

  constructor(failure: CallFailure, text: string, more: CallErrorMore = {}) {
    super(text)
    this.failure = failure
    this.code = more.code ?? ''
    this.mayBeDone = more.mayBeDone ?? false
  }
}
