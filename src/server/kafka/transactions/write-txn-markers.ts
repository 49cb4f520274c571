// WriteTxnMarkers (key 27), which `kafka-transactions abort` sends to end what hangs in one partition. A transaction
// that the coordinator knows is ended as a whole, so that no part of it is torn off; another one ends where it is.
import type { OpenTransaction } from '../../../broker/topic/partition-transactions.ts'
import type { Partition } from '../../../broker/topic/partition.ts'
import type { SettleAsked, SettleOutcome } from '../../../broker/transaction/branch-messages.ts'
import { settleFromOutside } from '../../../broker/transaction/settle-from-outside.ts'
import { TransactionError } from '../../../broker/transaction/transaction-error.ts'
import type { KafkaErrorName } from '../../../codec/kafka/error-codes.gen.ts'
import type {
  WritableTxnMarker,
  WritableTxnMarkerResult,
  WritableTxnMarkerTopicResult,
  WriteTxnMarkersRequest,
} from '../../../codec/kafka/messages/write-txn-markers.gen.ts'
import { type Steps, resultOf } from '../../../lib/slices.ts'
import type { Ticket } from '../../../log/ticket.ts'
import { answerEach } from '../answer-each.ts'
import { codeOf } from '../error-code.ts'
import { absenceIn, unknownTopic } from '../led-topics.ts'
import type { Handler, RequestContext } from '../request-context.ts'
import { untilDurable } from '../until-durable.ts'

export const handleWriteTxnMarkers: Handler<'writeTxnMarkers'> = async (request, context) => ({
  markers: await context.slices.run(writeAll(request, context)),
})

function* writeAll(
  { markers }: WriteTxnMarkersRequest,
  context: RequestContext,
): Steps<WritableTxnMarkerResult[]> {
  const tickets = new Set<Ticket | undefined>()
  const results: WritableTxnMarkerResult[] = []
  const { access } = context
  const isPermitted = access.mayCluster('alter') || access.needsCluster('cluster-action')
  for (const marker of markers) {
    const places = yield* findPlaces(marker, context)
    const write = isPermitted
      ? yield* writerOf(marker, places, { context, tickets })
      : (): KafkaErrorName => 'CLUSTER_AUTHORIZATION_FAILED'
    let at = 0
    const topics: WritableTxnMarkerTopicResult[] = []
    for (const { name, partitionIndexes } of marker.topics) {
      const partitions = yield* answerEach(partitionIndexes, (partitionIndex) => {
        const place = places[at++] as Place
        const isAbsent = isPermitted && typeof place === 'string'
        return { partitionIndex, errorCode: codeOf(isAbsent ? place : write(place as Found)) }
      })
      topics.push({ name, partitions })
    }
    results.push({ producerId: marker.producerId, topics })
  }
  yield* untilDurable(tickets)
  return results
}

/** A partition, and what it had open of the producer when somebody asked to end that. */
interface Found {
  readonly partition: Partition
  readonly open: OpenTransaction | undefined
}

/** Where a marker is to be written, or why there is no such place. */
type Place = Found | KafkaErrorName

function* findPlaces(
  { topics, producerId }: WritableTxnMarker,
  { led }: RequestContext,
): Steps<readonly Place[]> {
  const places: Place[] = []
  for (const { name, partitionIndexes } of topics) {
    const view = led.find(name)
    for (const index of partitionIndexes) {
      yield
      const partition = view?.led(index)
      if (partition !== undefined) {
        places.push({ partition, open: partition.transactions?.find(producerId) })
      } else places.push(view === undefined ? unknownTopic(led) : absenceIn(view, index))
    }
    yield
  }
  return places
}

interface Writing {
  readonly context: RequestContext
  readonly tickets: Set<Ticket | undefined>
}

/** Writes the marker to one partition; says what Kafka says. */
type Write = (found: Found) => KafkaErrorName

function* writerOf(
  marker: WritableTxnMarker,
  places: readonly Place[],
  writing: Writing,
): Steps<Write> {
  const first = places.find((place) => typeof place !== 'string')
  if (first === undefined) return () => 'NONE'
  const { producerId, producerEpoch: epoch, transactionResult: isCommit } = marker
  try {
    const asked = { producerId, epoch, isCommit }
    const outcome = yield* settle(asked, first.partition, writing.context)
    return outcome === 'unknown'
      ? (found) => writeTo(found, marker, writing)
      : () => outcomeNames[outcome]
  } catch (error) {
    if (!(error instanceof TransactionError)) throw error
    // Nobody answers, or it takes long: clients try again after this one.
    return () => 'BROKER_NOT_AVAILABLE'
  }
}

const outcomeNames: Readonly<Record<Exclude<SettleOutcome, 'unknown'>, KafkaErrorName>> = {
  ended: 'NONE',
  old_epoch: 'INVALID_PRODUCER_EPOCH',
  not_allowed: 'INVALID_TXN_STATE',
}

/** Has the coordinator end what it knows of the producer. Throws TransactionError. */
function* settle(
  asked: SettleAsked,
  partition: Partition,
  { led }: RequestContext,
): Steps<SettleOutcome> {
  const { branch, transactions } = led.cellOf(partition)
  if (branch === undefined) return yield* settleFromOutside(asked, transactions)
  const { outcome } = yield* resultOf(branch.settle(asked))
  return outcome
}

function writeTo(
  { partition, open }: Found,
  marker: WritableTxnMarker,
  { context, tickets }: Writing,
): KafkaErrorName {
  const { producerId, producerEpoch: epoch } = marker
  const known = partition.producers.epochOf(producerId)
  // From a coordinator of version 2 the epoch is later than that of the records (KIP-1228).
  const epochMin = known === undefined ? 0 : marker.transactionVersion >= 2 ? known + 1 : known
  if (epoch < epochMin) return 'INVALID_PRODUCER_EPOCH'
  if (marker.coordinatorEpoch < partition.producers.coordinatorEpochOf(producerId)) {
    return 'TRANSACTION_COORDINATOR_FENCED'
  }
  // Another one has begun while the coordinator was asked, of which that knows.
  if (partition.transactions?.find(producerId) !== open) return 'NONE'
  const { broker, branch } = context.led.cellOf(partition)
  // The coordinator must not be fenced by a number that somebody has made up.
  const latest = branch?.coordinatorEpoch ?? broker.store.epoch
  const coordinatorEpoch = Math.min(marker.coordinatorEpoch, latest)
  const { store } = partition
  store.beginAtom()
  const isCommit = marker.transactionResult
  partition.endTransaction({ producerId, epoch, isCommit, coordinatorEpoch })
  tickets.add(store.endAtom())
  return 'NONE'
}
