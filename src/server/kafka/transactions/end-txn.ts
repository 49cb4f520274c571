// EndTxn (key 26): commits or aborts a transaction. It is answered when readers of committed records see that.
import type { EndTxnResponse } from '../../../codec/kafka/messages/end-txn.gen.ts'
import { codeOf, noError } from '../error-code.ts'
import type { Handler } from '../request-context.ts'
import { coordinatorCodeOf } from './transaction-refusal.ts'

/** The first version whose clients know PRODUCER_FENCED. */
const fencedSince = 2
/** From here on each end raises the epoch, and the answer has it (KIP-890). */
const epochVersion = 5

export const handleEndTxn: Handler<'endTxn'> = async (request, context) => {
  const { transactionalId, producerId, producerEpoch, committed: isCommit } = request
  const { access, apiVersion, transactions } = context
  if (!access.needsTransactionalId('write', transactionalId)) {
    return refuse(codeOf('TRANSACTIONAL_ID_AUTHORIZATION_FAILED'))
  }
  if (transactionalId === '') return refuse(codeOf('INVALID_REQUEST'))
  const from = { producerId, epoch: producerEpoch }
  const version = apiVersion >= epochVersion ? 2 : 1
  try {
    const next = await transactions.end(transactionalId, { from, isCommit, version })
    const { producerId: nextId, epoch } = next
    return { throttleTimeMs: 0, errorCode: noError, producerId: nextId, producerEpoch: epoch }
  } catch (error) {
    return refuse(coordinatorCodeOf(error, { apiVersion, fencedSince }))
  }
}

function refuse(errorCode: number): EndTxnResponse {
  return { throttleTimeMs: 0, errorCode }
}
