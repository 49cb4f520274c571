// Why the broker ends a connection, or refuses what its client asks for, in MQTT 5's numbers; what MQTT 3 has for them.
import { BrokerError, type BrokerErrorCode } from '../../broker/broker-error.ts'
import { returnCode } from '../../codec/mqtt/connack.ts'
import { PacketError } from '../../codec/mqtt/packet-error.ts'
import { CONNACK } from '../../codec/mqtt/packet-type.ts'
import { isReasonCodeOf, reasonCode } from '../../codec/mqtt/reason-code.ts'
import type { Logger } from '../../lib/logger.ts'

/** A packet that is right in its form and cannot be done. */
export class MqttError extends Error {
  override readonly name = 'MqttError'
  readonly reasonCode: number

  constructor(code: number, reason: string) {
    super(reason)
    this.reasonCode = code
  }
}

/** What a client is told. */
export interface Failure {
  readonly code: number
  readonly text: string
}

/** A BrokerErrorCode without a row does not compile. */
const codes: Readonly<Record<BrokerErrorCode, number>> = {
  queue_not_found: reasonCode.implementationError,
  exchange_not_found: reasonCode.implementationError,
  vhost_not_found: reasonCode.notAuthorized,
  access_refused: reasonCode.notAuthorized,
  resource_locked: reasonCode.implementationError,
  precondition_failed: reasonCode.implementationError,
  unknown_delivery_tag: reasonCode.protocolError,
  not_allowed: reasonCode.notAuthorized,
  not_implemented: reasonCode.implementationError,
  queue_limit_reached: reasonCode.quotaExceeded,
  resource_exhausted: reasonCode.quotaExceeded,
  memory_exhausted: reasonCode.serverBusy,
  unavailable: reasonCode.serverBusy,
  internal: reasonCode.implementationError,
  invalid_topic: reasonCode.topicNameInvalid,
  topic_already_exists: reasonCode.implementationError,
  invalid_partitions: reasonCode.implementationError,
  invalid_config: reasonCode.implementationError,
  invalid_replication_factor: reasonCode.implementationError,
  corrupt_batch: reasonCode.implementationError,
  message_too_large: reasonCode.packetTooLarge,
  invalid_record: reasonCode.implementationError,
  invalid_timestamp: reasonCode.implementationError,
  invalid_producer_epoch: reasonCode.implementationError,
  out_of_order_sequence: reasonCode.implementationError,
  batch_too_large: reasonCode.packetTooLarge,
  invalid_transaction_state: reasonCode.implementationError,
}

/** Undefined for an error that is the broker's own fault. */
export function failureOf(error: unknown): Failure | undefined {
  if (error instanceof MqttError) return { code: error.reasonCode, text: error.message }
  if (error instanceof PacketError) return { code: error.reasonCode, text: error.message }
  if (error instanceof BrokerError) return { code: codes[error.code], text: error.message }
  return undefined
}

/** The same, with a word for clients and the whole of it in the log for a fault of the broker's own. */
export function failureOrTell(error: unknown, logger: Logger): Failure {
  const failure = failureOf(error)
  if (failure !== undefined) return failure
  logger.error({ err: error }, 'Unexpected error in an MQTT connection')
  const text = 'an unexpected error occurred; the broker log has details'
  return { code: reasonCode.implementationError, text }
}

/** A CONNACK of MQTT 3 (section 3.2.2.3) for a reason code of MQTT 5; undefined: the connection ends without one. */
export function returnCodeFor(code: number): number | undefined {
  switch (code) {
    case reasonCode.unsupportedVersion:
      return returnCode.unacceptableVersion
    case reasonCode.clientIdNotValid:
      return returnCode.identifierRejected
    case reasonCode.badUserNameOrPassword:
      return returnCode.badUserNameOrPassword
    case reasonCode.notAuthorized:
    case reasonCode.banned:
    case reasonCode.quotaExceeded:
      return returnCode.notAuthorized
    case reasonCode.serverUnavailable:
    case reasonCode.serverShuttingDown:
    case reasonCode.serverBusy:
    case reasonCode.implementationError:
      return returnCode.serverUnavailable
    default:
      return undefined
  }
}

/** What a packet of this type says for a reason code: one that it has no place for is an unspecified error. */
export function codeIn(type: number, code: number): number {
  if (isReasonCodeOf('server', type, code)) return code
  const { serverShuttingDown, serverUnavailable, unspecifiedError } = reasonCode
  const isStopping = type === CONNACK && code === serverShuttingDown
  return isStopping ? serverUnavailable : unspecifiedError
}

export function unauthorized(text: string): MqttError {
  return new MqttError(reasonCode.notAuthorized, text)
}
