// How the broker's errors look to Kafka clients.
import { BrokerError, type BrokerErrorCode } from '../../broker/broker-error.ts'
import { type KafkaErrorName, kafkaErrors } from '../../codec/kafka/error-codes.gen.ts'
import { WorkerClosedError } from '../../crossing/worker-closed-error.ts'

/** A BrokerErrorCode without a row does not compile. */
const errorNames: Readonly<Record<BrokerErrorCode, KafkaErrorName>> = {
  queue_not_found: 'UNKNOWN_TOPIC_OR_PARTITION',
  // Kafka's requests name neither.
  exchange_not_found: 'INVALID_REQUEST',
  vhost_not_found: 'INVALID_REQUEST',
  access_refused: 'TOPIC_AUTHORIZATION_FAILED',
  resource_locked: 'TOPIC_AUTHORIZATION_FAILED',
  precondition_failed: 'INVALID_REQUEST',
  unknown_delivery_tag: 'INVALID_REQUEST',
  not_allowed: 'INVALID_REQUEST',
  not_implemented: 'UNSUPPORTED_VERSION',
  queue_limit_reached: 'INVALID_REQUEST',
  resource_exhausted: 'POLICY_VIOLATION',
  // Clients try again.
  memory_exhausted: 'THROTTLING_QUOTA_EXCEEDED',
  unavailable: 'LEADER_NOT_AVAILABLE',
  internal: 'UNKNOWN_SERVER_ERROR',
  invalid_topic: 'INVALID_TOPIC_EXCEPTION',
  topic_already_exists: 'TOPIC_ALREADY_EXISTS',
  invalid_partitions: 'INVALID_PARTITIONS',
  invalid_config: 'INVALID_CONFIG',
  invalid_replication_factor: 'INVALID_REPLICATION_FACTOR',
  corrupt_batch: 'CORRUPT_MESSAGE',
  message_too_large: 'MESSAGE_TOO_LARGE',
  invalid_record: 'INVALID_RECORD',
  invalid_timestamp: 'INVALID_TIMESTAMP',
  invalid_producer_epoch: 'INVALID_PRODUCER_EPOCH',
  out_of_order_sequence: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  batch_too_large: 'RECORD_LIST_TOO_LARGE',
  invalid_transaction_state: 'INVALID_TXN_STATE',
}

/** A request that only Kafka's protocol has, refused with Kafka's code and text. */
export class KafkaRefusal extends Error {
  override readonly name = 'KafkaRefusal'
  readonly error: KafkaErrorName

  constructor(error: KafkaErrorName, message: string = kafkaErrors[error].message) {
    super(message)
    this.error = error
  }
}

export function invalidRequest(message: string): KafkaRefusal {
  return new KafkaRefusal('INVALID_REQUEST', message)
}

export function codeOf(name: KafkaErrorName): number {
  return kafkaErrors[name].code
}

export const noError: number = codeOf('NONE')

export interface ErrorAnswer {
  readonly errorCode: number
  readonly errorMessage: string | null
}

/** An answer with this error: where a request names many things, an exception for each would take long. */
export function answerOf(
  name: KafkaErrorName,
  message: string = kafkaErrors[name].message,
): ErrorAnswer {
  return { errorCode: codeOf(name), errorMessage: message }
}

/** The answer to a client about `error`; any other than these is the broker's own fault. */
export function answerTo(error: unknown): ErrorAnswer {
  if (error instanceof KafkaRefusal) {
    return { errorCode: codeOf(error.error), errorMessage: error.message }
  }
  if (error instanceof BrokerError) {
    return { errorCode: codeOf(errorNames[error.code]), errorMessage: error.message }
  }
  const isStopping = error instanceof WorkerClosedError
  const name = isStopping ? 'COORDINATOR_NOT_AVAILABLE' : 'UNKNOWN_SERVER_ERROR'
  return { errorCode: codeOf(name), errorMessage: kafkaErrors[name].message }
}
