// What AMQP calls the broker's errors. STOMP has these names, too.
import type { BrokerErrorCode } from '../broker/broker-error.ts'

type AmqpErrorName =
  | 'not_found'
  | 'not_allowed'
  | 'access_refused'
  | 'resource_locked'
  | 'precondition_failed'
  | 'not_implemented'
  | 'resource_error'
  | 'internal_error'

/** A BrokerErrorCode without a row does not compile. */
export const amqpErrorNames: Readonly<Record<BrokerErrorCode, AmqpErrorName>> = {
  queue_not_found: 'not_found',
  exchange_not_found: 'not_found',
  vhost_not_found: 'not_allowed',
  access_refused: 'access_refused',
  resource_locked: 'resource_locked',
  precondition_failed: 'precondition_failed',
  unknown_delivery_tag: 'precondition_failed',
  not_allowed: 'not_allowed',
  not_implemented: 'not_implemented',
  queue_limit_reached: 'precondition_failed',
  resource_exhausted: 'resource_error',
  memory_exhausted: 'resource_error',
  unavailable: 'resource_error',
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
