// The one error the broker throws. Codes are closed: each protocol answers every code through one
// table. Messages are RabbitMQ's explanation texts, without the name of the reply code in front.

/** What went wrong, independent of any protocol. */
export type BrokerErrorCode =
  | 'queue_not_found'
  | 'exchange_not_found'
  | 'vhost_not_found'
  | 'access_refused'
  | 'resource_locked'
  | 'precondition_failed'
  | 'unknown_delivery_tag'
  | 'not_allowed'
  | 'not_implemented'
  | 'queue_limit_reached'
  | 'resource_exhausted'
  | 'memory_exhausted'
  | 'unavailable'
  | 'internal'
  | 'invalid_topic'
  | 'topic_already_exists'
  | 'invalid_partitions'
  | 'invalid_config'
  | 'invalid_replication_factor'
  | 'corrupt_batch'
  | 'message_too_large'
  | 'invalid_record'
  | 'invalid_timestamp'
  | 'invalid_producer_epoch'
  | 'out_of_order_sequence'
  | 'batch_too_large'
  | 'invalid_transaction_state'

/** A request that the broker refuses. The message is fit for the client that asked. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError'
  readonly code: BrokerErrorCode

  constructor(code: BrokerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** How texts name a queue: `queue 'q' in vhost '/'`. */
export function queueResource(vhost: string, name: string): string {
  return `queue '${name}' in vhost '${vhost}'`
}

/** How texts name an exchange: `exchange 'x' in vhost '/'`. */
export function exchangeResource(vhost: string, name: string): string {
  return `exchange '${name}' in vhost '${vhost}'`
}

export function queueNotFound(vhost: string, name: string): BrokerError {
  return new BrokerError('queue_not_found', `no ${queueResource(vhost, name)}`)
}

export function exchangeNotFound(vhost: string, name: string): BrokerError {
  return new BrokerError('exchange_not_found', `no ${exchangeResource(vhost, name)}`)
}

export function vhostNotFound(name: string): BrokerError {
  return new BrokerError('vhost_not_found', `vhost ${name} not found`)
}

/** The queue belongs to another connection, or the exclusive flag differs. */
export function queueLocked(vhost: string, name: string): BrokerError {
  return new BrokerError(
    'resource_locked',
    `cannot obtain exclusive access to locked ${queueResource(vhost, name)}. It could be ` +
      'originally declared on another connection or the exclusive property value does not ' +
      'match that of the original declaration.',
  )
}

/** An exclusive consumer is there, or one was asked for beside others. */
export function queueInExclusiveUse(vhost: string, name: string): BrokerError {
  return new BrokerError('access_refused', `${queueResource(vhost, name)} in exclusive use`)
}

/** Where a queue must be durable or exclusive: RabbitMQ's words when transient_nonexcl_queues is off. */
export function transientQueueRefused(): BrokerError {
  return new BrokerError(
    'internal',
    'Feature `transient_nonexcl_queues` is deprecated.\n' +
      'Its use is not permitted per the configuration (overriding the default, which is permitted):\n' +
      '    "deprecated_features.permit.transient_nonexcl_queues = false"\n' +
      'Its use will not be permitted by default in a future minor RabbitMQ version',
  )
}

/** A message was to be taken from a queue whose one active consumer is to have them all. */
export function takenBesides(queue: {
  readonly vhost: string
  readonly name: string
  readonly type: string
}): BrokerError {
  const { vhost, name, type } = queue
  return new BrokerError(
    'resource_locked',
    `cannot obtain access to locked ${queueResource(vhost, name)}. basic.get operations ` +
      `are not supported by <<"${type}">> queues with single active consumer`,
  )
}

/** Its length limit and `x-overflow` let nothing more in. */
export function queueFull(vhost: string, name: string): BrokerError {
  return new BrokerError('resource_exhausted', `no room in ${queueResource(vhost, name)}`)
}

/** A delivery has been unacked for longer than its queue or consumer allows. */
export function ackTimedOut(channel: number, timeoutMs: number): BrokerError {
  return new BrokerError(
    'precondition_failed',
    `delivery acknowledgement on channel ${channel} timed out. Timeout value used: ${timeoutMs} ms. ` +
      'This timeout value can be configured, see consumers doc guide to learn more',
  )
}

/** Refuses `if-unused`; `resource` as from {@link queueResource} or {@link exchangeResource}. */
export function resourceInUse(resource: string): BrokerError {
  return new BrokerError('precondition_failed', `${resource} in use`)
}

/** Refuses `if-empty`. */
export function queueNotEmpty(vhost: string, name: string): BrokerError {
  return new BrokerError('precondition_failed', `${queueResource(vhost, name)} not empty`)
}

/** A new name in the broker's own part of the name space. */
export function reservedName(kind: 'queue' | 'exchange', name: string): BrokerError {
  return new BrokerError(
    'access_refused',
    `${kind} name '${name}' contains reserved prefix 'amq.*'`,
  )
}

export function defaultExchangeRefused(): BrokerError {
  return new BrokerError('access_refused', 'operation not permitted on the default exchange')
}

export function unknownDeliveryTag(tag: number): BrokerError {
  return new BrokerError('unknown_delivery_tag', `unknown delivery tag ${tag}`)
}

export function consumerTagReused(tag: string): BrokerError {
  return new BrokerError('not_allowed', `attempt to reuse consumer tag '${tag}'`)
}

export function preconditionFailed(message: string): BrokerError {
  return new BrokerError('precondition_failed', message)
}

/** A message is larger than the settings let any be. */
export function bodyTooLarge(size: number, sizeMax: number): BrokerError {
  return preconditionFailed(`message size ${size} is larger than configured max size ${sizeMax}`)
}
