// InitProducerId (key 22): the id and epoch of a producer, which fence whoever had its transactional id before.
import type { ProducerIdentity } from '../../../broker/transaction/transaction.ts'
import type {
  InitProducerIdRequest,
  InitProducerIdResponse,
} from '../../../codec/kafka/messages/init-producer-id.gen.ts'
import { codeOf, noError } from '../error-code.ts'
import type { Handler } from '../request-context.ts'
import { coordinatorCodeOf } from './transaction-refusal.ts'

/** The first version whose clients know PRODUCER_FENCED. */
const fencedSince = 4

export const handleInitProducerId: Handler<'initProducerId'> = async (request, context) => {
  const { transactionalId, transactionTimeoutMs: timeoutMs } = request
  const { access, apiVersion, transactions, producerIds } = context
  if (transactionalId === '') return refuse(codeOf('INVALID_REQUEST'))
  if (transactionalId !== null && !access.needsTransactionalId('write', transactionalId)) {
    return refuse(codeOf('TRANSACTIONAL_ID_AUTHORIZATION_FAILED'))
  }
  if (transactionalId === null && !access.mayProduceSomewhere) {
    return refuse(codeOf('CLUSTER_AUTHORIZATION_FAILED'))
  }
  const claimed = claimedBy(request)
  if (claimed === 'half') return refuse(codeOf('INVALID_REQUEST'))
  try {
    // Whatever id a producer without a transactional id had, it gets another one, as from Kafka.
    const { producerId, epoch } =
      transactionalId === null
        ? { producerId: await producerIds.take(), epoch: 0 }
        : await transactions.initProducer({ transactionalId, timeoutMs, claimed })
    return { throttleTimeMs: 0, errorCode: noError, producerId, producerEpoch: epoch }
  } catch (error) {
    return refuse(coordinatorCodeOf(error, { apiVersion, fencedSince }))
  }
}

/** What a producer had that goes on after an error (KIP-360); undefined: it is new. */
function claimedBy({
  producerId,
  producerEpoch: epoch,
}: InitProducerIdRequest): ProducerIdentity | undefined | 'half' {
  if (producerId === -1 && epoch === -1) return undefined
  return producerId === -1 || epoch === -1 ? 'half' : { producerId, epoch }
}

function refuse(errorCode: number): InitProducerIdResponse {
  return { throttleTimeMs: 0, errorCode, producerEpoch: -1 }
}
