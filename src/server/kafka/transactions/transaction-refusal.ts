// Kafka's words for what the transaction coordinator refuses. Older clients do not know all of them, and each
// API has its own first version that does (KIP-588, KIP-890).
import {
  TransactionError,
  type TransactionErrorCode,
} from '../../../broker/transaction/transaction-error.ts'
import type { KafkaErrorName } from '../../../codec/kafka/error-codes.gen.ts'
import { answerTo, codeOf } from '../error-code.ts'

/** A TransactionErrorCode without a row does not compile. */
const names: Readonly<Record<TransactionErrorCode, KafkaErrorName>> = {
  invalid_request: 'INVALID_REQUEST',
  invalid_producer_id_mapping: 'INVALID_PRODUCER_ID_MAPPING',
  producer_fenced: 'PRODUCER_FENCED',
  concurrent_transactions: 'CONCURRENT_TRANSACTIONS',
  invalid_transaction_state: 'INVALID_TXN_STATE',
  invalid_transaction_timeout: 'INVALID_TRANSACTION_TIMEOUT',
  transactional_id_not_found: 'TRANSACTIONAL_ID_NOT_FOUND',
  transaction_abortable: 'TRANSACTION_ABORTABLE',
  policy_violation: 'POLICY_VIOLATION',
  unknown_topic_or_partition: 'UNKNOWN_TOPIC_OR_PARTITION',
  coordinator_not_available: 'COORDINATOR_NOT_AVAILABLE',
}

/** Kafka's name of what the coordinator says, whatever the client knows. */
export function nameOf({ code }: TransactionError): KafkaErrorName {
  return names[code]
}

/** The error of a request to the coordinator. Clients of versions below `fencedSince` know no PRODUCER_FENCED. */
export function coordinatorCodeOf(
  error: unknown,
  { apiVersion, fencedSince }: { readonly apiVersion: number; readonly fencedSince: number },
): number {
  if (!(error instanceof TransactionError)) return answerTo(error).errorCode
  const name = names[error.code]
  if (name === 'PRODUCER_FENCED' && apiVersion < fencedSince)
    return codeOf('INVALID_PRODUCER_EPOCH')
  return codeOf(name)
}

/** From which version on clients of an API know what. */
export interface WriteVersions {
  readonly apiVersion: number
  /** TRANSACTION_ABORTABLE. */
  readonly abortableSince: number
  /** They add partitions by writing to them, and try again after CONCURRENT_TRANSACTIONS. */
  readonly addsSince: number
}

/**
 * The error of records or offsets that the coordinator does not take as part of a transaction, as Kafka's
 * AddPartitionsToTxnManager and ReplicaManager have it.
 */
export function writeErrorOf({ code }: TransactionError, versions: WriteVersions): KafkaErrorName {
  const { apiVersion, abortableSince, addsSince } = versions
  switch (code) {
    case 'producer_fenced':
      return 'INVALID_PRODUCER_EPOCH'
    case 'transaction_abortable':
      return apiVersion >= abortableSince ? 'TRANSACTION_ABORTABLE' : 'INVALID_TXN_STATE'
    case 'concurrent_transactions':
      // It makes older clients try again, without asking for metadata.
      return apiVersion >= addsSince ? 'CONCURRENT_TRANSACTIONS' : 'NOT_ENOUGH_REPLICAS'
    case 'coordinator_not_available':
      // Who leads the partition has not changed, so nobody asks for metadata.
      return 'NOT_ENOUGH_REPLICAS'
    default:
      return names[code]
  }
}
