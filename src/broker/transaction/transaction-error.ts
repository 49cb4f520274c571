// Why a coordinator refuses. Each protocol has its own words for it; the names are those of Kafka's errors.

export type TransactionErrorCode =
  | 'invalid_request'
  | 'invalid_producer_id_mapping'
  | 'producer_fenced'
  | 'concurrent_transactions'
  | 'invalid_transaction_state'
  | 'invalid_transaction_timeout'
  | 'transactional_id_not_found'
  | 'transaction_abortable'
  | 'policy_violation'
  | 'unknown_topic_or_partition'
  | 'coordinator_not_available'

export class TransactionError extends Error {
  override readonly name = 'TransactionError'
  readonly code: TransactionErrorCode

  constructor(code: TransactionErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

export function fenced(transactionalId: string): TransactionError {
  return new TransactionError(
    'producer_fenced',
    `There is a newer producer with the transactional id '${transactionalId}' which fences this one`,
  )
}

export function unknownMapping(transactionalId: string): TransactionError {
  return new TransactionError(
    'invalid_producer_id_mapping',
    `The producer id is not the one that the transactional id '${transactionalId}' has`,
  )
}

export function concurrent(transactionalId: string): TransactionError {
  return new TransactionError(
    'concurrent_transactions',
    `The transaction of '${transactionalId}' is being ended; try again`,
  )
}

export function wrongState(text: string): TransactionError {
  return new TransactionError('invalid_transaction_state', text)
}
