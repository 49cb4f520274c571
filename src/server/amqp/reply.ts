// How the broker's errors look in AMQP 0-9-1: which reply code, and whether it ends the channel or
// the whole connection (the codes' own severity, AMQP 0-9-1 §1.1 "constants").
import { BrokerError, type BrokerErrorCode } from '../../broker/broker-error.ts'
import { replyCodes, type ReplyName } from '../../codec/amqp/methods.gen.ts'
import { CodecError } from '../../record/codec-error.ts'
import { fitShortstr } from '../../record/message/wire-writer.ts'

/** A BrokerErrorCode without a row does not compile. */
const replies: Readonly<Record<BrokerErrorCode, ReplyName>> = {
  queue_not_found: 'not_found',
  exchange_not_found: 'not_found',
  vhost_not_found: 'not_allowed',
  access_refused: 'access_refused',
  resource_locked: 'resource_locked',
  precondition_failed: 'precondition_failed',
  unknown_delivery_tag: 'precondition_failed',
  not_allowed: 'not_allowed',
  not_implemented: 'not_implemented',
  resource_exhausted: 'resource_error',
  memory_exhausted: 'resource_error',
  internal: 'internal_error',
  invalid_topic: 'precondition_failed',
  topic_already_exists: 'precondition_failed',
  invalid_partitions: 'precondition_failed',
  invalid_config: 'precondition_failed',
  invalid_replication_factor: 'precondition_failed',
  corrupt_batch: 'internal_error',
  message_too_large: 'precondition_failed',
  invalid_record: 'precondition_failed',
  invalid_timestamp: 'precondition_failed',
  invalid_producer_epoch: 'precondition_failed',
  out_of_order_sequence: 'precondition_failed',
  batch_too_large: 'precondition_failed',
  invalid_transaction_state: 'precondition_failed',
}

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
    text: fitShortstr(`${codeName} - ${explanation}`),
    closes: severity === 'soft' ? 'channel' : 'connection',
  }
}

function replyName(error: unknown): ReplyName | undefined {
  if (error instanceof BrokerError) return replies[error.code]
  if (error instanceof ProtocolError) return error.reply
  return error instanceof CodecError ? error.kind : undefined
}

/** A method that only the server sends, or that does not belong where it came. */
export function unexpectedMethod(): ProtocolError {
  return new ProtocolError('command_invalid', 'unimplemented method')
}
