// What the headers of records say that a share group may hand out: looked for only where its partition may have such
// records, here or in the thread for large batches.
import type { Partition } from '../../broker/topic/partition.ts'
import { readInt64 } from '../../lib/int64.ts'
import type { Steps } from '../../lib/slices.ts'
import { resultOf } from '../../lib/slices.ts'
import { crossingLimits } from '../../limits/crossing.ts'
import { recordLimits } from '../../limits/record.ts'
import { batchField, isControlBatch, lastOffsetOf } from '../../record/batch/batch-header.ts'
import {
  type DeliveryFacts,
  deliveryFactsOf,
  type FoundFacts,
} from '../../record/batch/delivery-facts.ts'
import { CodecError } from '../../record/codec-error.ts'
import type { KafkaContext } from './kafka-context.ts'

/** What was found in a batch. */
export interface BatchFacts {
  readonly facts: ReadonlyMap<number, DeliveryFacts>
  /** The last offset that was looked at: nothing is known of those behind. */
  readonly until: number
}

/** What of a partition is looked at. */
export interface FactsWanted {
  readonly parts: readonly Buffer[]
  /** Records before it are passed over. */
  readonly from: number
  /** Of so many records it is told; those behind are not looked at. */
  readonly factsMax: number
}

/** For each part; undefined: its records say nothing. Throws WorkerClosedError. */
export function* readFacts(
  { batchWorker }: Pick<KafkaContext, 'batchWorker'>,
  { deliveries }: Partition,
  { parts, from, factsMax }: FactsWanted,
): Steps<(BatchFacts | undefined)[]> {
  const found: (BatchFacts | undefined)[] = []
  let factsLeft = factsMax
  let sizeLeft = crossingLimits.decodedAtOnceSizeMax
  for (const part of parts) {
    const first = readInt64(part, batchField.baseOffset)
    if (isControlBatch(part) || !deliveries.covers(first, lastOffsetOf(part))) {
      found.push(undefined)
      continue
    }
    if (factsLeft <= 0) {
      found.push({ facts: new Map(), until: first - 1 })
      return found
    }
    const bounds = { from, factsMax: factsLeft }
    const look = lookAtOnce(part, bounds, sizeLeft) ?? lookElsewhere(batchWorker, part, bounds)
    const { facts, until, size } = yield* resultOf(look)
    sizeLeft -= size
    factsLeft -= facts.length
    found.push({ facts: new Map(facts.map((each) => [each.offset, each])), until })
  }
  return found
}

type Bounds = Pick<FactsWanted, 'from' | 'factsMax'>

/** Undefined: it takes longer than a turn of the event loop may. */
function lookAtOnce(part: Buffer, bounds: Bounds, sizeMax: number): FoundFacts | undefined {
  if (part.length > sizeMax) return undefined
  const { checkedAtOnceWorkMax: workMax } = recordLimits
  try {
    return deliveryFactsOf(part, { ...bounds, sizeMax, workMax })
  } catch (error) {
    if (error instanceof CodecError && error.kind === 'frame_error') return undefined
    return nothingIn(part, error)
  }
}

async function lookElsewhere(
  batchWorker: KafkaContext['batchWorker'],
  part: Buffer,
  { from, factsMax }: Bounds,
): Promise<FoundFacts> {
  try {
    return await batchWorker.facts(part, from, factsMax)
  } catch (error) {
    return nothingIn(part, error)
  }
}

/** A batch that cannot be decoded is its readers' matter, as in Fetch. */
function nothingIn(part: Buffer, error: unknown): FoundFacts {
  if (!(error instanceof CodecError)) throw error
  return { facts: [], until: lastOffsetOf(part), size: 0 }
}
