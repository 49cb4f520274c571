// WriteTxnMarkers (key 27), which `kafka-transactions abort` sends to end what hangs in one partition. A transaction
// that the coordinator knows is ended as a whole, so that no part of it is torn off; another one ends where it is.
import type { Partition } from '../../../broker/topic/partition.ts'
import type { Transaction } from '../../../broker/transaction/transaction.ts'
import { whenDurable } from '../../../broker/when-durable.ts'
import type { KafkaErrorName } from '../../../codec/kafka/error-codes.gen.ts'
import type {
  WritableTxnMarker,
  WritableTxnMarkerResult,
  WritableTxnMarkerTopicResult,
  WriteTxnMarkersRequest,
} from '../../../codec/kafka/messages/write-txn-markers.gen.ts'
import type { Steps } from '../../../lib/slices.ts'
import type { Ticket } from '../../../log/ticket.ts'
import { answerEach } from '../answer-each.ts'
import { codeOf } from '../error-code.ts'
import type { Handler, RequestContext } from '../request-context.ts'

export const handleWriteTxnMarkers: Handler<'writeTxnMarkers'> = async (request, context) => {
  const tickets = new Set<Ticket | undefined>()
  const markers = await context.slices.run(writeAll(request, context, tickets))
  for (const ticket of tickets) await whenDurable(ticket)
  return { markers }
}

function* writeAll(
  { markers }: WriteTxnMarkersRequest,
  context: RequestContext,
  tickets: Set<Ticket | undefined>,
): Steps<WritableTxnMarkerResult[]> {
  const results: WritableTxnMarkerResult[] = []
  const { access } = context
  const isPermitted = access.mayCluster('alter') || access.needsCluster('cluster-action')
  for (const marker of markers) {
    const write = isPermitted
      ? yield* writerOf(marker, context, tickets)
      : (): KafkaErrorName => 'CLUSTER_AUTHORIZATION_FAILED'
    const topics: WritableTxnMarkerTopicResult[] = []
    for (const { name, partitionIndexes } of marker.topics) {
      const view = context.topics.find(name)
      const partitions = yield* answerEach(partitionIndexes, (partitionIndex) => {
        const partition = view?.partitions[partitionIndex]
        const isUnknown = isPermitted && partition === undefined
        const error = isUnknown ? 'UNKNOWN_TOPIC_OR_PARTITION' : write(partition)
        return { partitionIndex, errorCode: codeOf(error) }
      })
      topics.push({ name, partitions })
    }
    results.push({ producerId: marker.producerId, topics })
  }
  return results
}

/** Writes the marker to one partition; says what Kafka says. */
type Write = (partition: Partition | undefined) => KafkaErrorName

function* writerOf(
  marker: WritableTxnMarker,
  context: RequestContext,
  tickets: Set<Ticket | undefined>,
): Steps<Write> {
  const transaction = yield* findOpen(marker.producerId, context)
  if (transaction === undefined) {
    return (partition) => writeTo(partition as Partition, marker, { context, tickets })
  }
  const error = refusalOf(transaction, marker)
  if (error === undefined) yield context.transactions.abort(transaction.id)
  return () => error ?? 'NONE'
}

/** What the coordinator has of the producer that has not ended. */
function* findOpen(
  producerId: number,
  { transactions }: RequestContext,
): Steps<Transaction | undefined> {
  for (const transaction of transactions.list()) {
    yield
    if (transaction.producerId !== producerId) continue
    return transaction.state === 'Ongoing' || transaction.isPrepared ? transaction : undefined
  }
  return undefined
}

function refusalOf(
  { epoch, state }: Transaction,
  { producerEpoch, transactionResult: isCommit }: WritableTxnMarker,
): KafkaErrorName | undefined {
  if (producerEpoch < epoch) return 'INVALID_PRODUCER_EPOCH'
  // Nobody but its producer says that all of it is there.
  return isCommit && state === 'Ongoing' ? 'INVALID_TXN_STATE' : undefined
}

function writeTo(
  partition: Partition,
  marker: WritableTxnMarker,
  { context, tickets }: { readonly context: RequestContext; readonly tickets: Set<unknown> },
): KafkaErrorName {
  const { producerId, producerEpoch: epoch } = marker
  const known = partition.producers.epochOf(producerId)
  // From a coordinator of version 2 the epoch is later than that of the records (KIP-1228).
  const epochMin = known === undefined ? 0 : marker.transactionVersion >= 2 ? known + 1 : known
  if (epoch < epochMin) return 'INVALID_PRODUCER_EPOCH'
  if (marker.coordinatorEpoch < partition.producers.coordinatorEpochOf(producerId)) {
    return 'TRANSACTION_COORDINATOR_FENCED'
  }
  const { store } = context.broker
  // The coordinator of this broker must not be fenced by a number that somebody has made up.
  const coordinatorEpoch = Math.min(marker.coordinatorEpoch, store.epoch)
  store.beginAtom()
  const isCommit = marker.transactionResult
  partition.endTransaction({ producerId, epoch, isCommit, coordinatorEpoch })
  tickets.add(store.endAtom())
  return 'NONE'
}
