/**
 * Which reply ends the connection. Names are those of the AMQP 0-9-1 reply codes: `frame_error` 501,
 * `syntax_error` 502, `command_invalid` 503, `unexpected_frame` 505. Kafka's codec knows
 * `frame_error` for a size that is not allowed and `syntax_error` for everything else.
 */
export type CodecErrorKind = 'frame_error' | 'syntax_error' | 'command_invalid' | 'unexpected_frame'

/** Bytes that are not what the protocol allows. Decoders throw nothing else. */
export class CodecError extends Error {
  override readonly name = 'CodecError'
  readonly kind: CodecErrorKind
  /** Byte position in the buffer that was being decoded. */
  readonly offset: number

  constructor(kind: CodecErrorKind, reason: string, offset: number) {
    super(reason)
    this.kind = kind
    this.offset = offset
  }
}
