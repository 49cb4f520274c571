// How the broker's errors look in AMQP 0-9-1: which reply code, and whether it ends the channel or
// the whole connection (the codes' own severity, AMQP 0-9-1 §1.1 "constants").
import { BrokerError } from '../../broker/broker-error.ts'
import { replyCodes, type ReplyName } from '../../codec/amqp/methods.gen.ts'
import { CodecError } from '../../record/codec-error.ts'
import { fitShortstr } from '../../record/message/wire-writer.ts'
import { amqpErrorNames } from '../amqp-error-names.ts'

/** An error of the protocol itself: frames in the wrong order, channels that are not open. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly reply: ReplyName

  constructor(reply: ReplyName, message: string) {
    super(message)
    this.reply = reply
  }
}

export interface Reply {
  readonly code: number
  /** `<CODE_NAME> - <explanation>`, cut to 255 bytes. */
  readonly text: string
  readonly closes: 'channel' | 'connection'
}

/** What to tell the client about `error`; undefined for an error that is the broker's own fault. */
export function replyTo(error: unknown): Reply | undefined {
  const name = replyName(error)
  return name === undefined ? undefined : makeReply(name, (error as Error).message)
}

export function makeReply(name: ReplyName, explanation: string): Reply {
  const { name: codeName, code, severity } = replyCodes[name]
  return {
    code,
    // It may have names in it that are no UTF-8, and clients take it for UTF-8.
    text: fitShortstr(`${codeName} - ${explanation}`.toWellFormed()),
    closes: severity === 'soft' ? 'channel' : 'connection',
  }
}

function replyName(error: unknown): ReplyName | undefined {
  if (error instanceof BrokerError) return amqpErrorNames[error.code]
  if (error instanceof ProtocolError) return error.reply
  return error instanceof CodecError ? error.kind : undefined
}

/** A method that only the server sends, or that does not belong where it came. */
export function unexpectedMethod(): ProtocolError {
  return new ProtocolError('command_invalid', 'unimplemented method')
}
