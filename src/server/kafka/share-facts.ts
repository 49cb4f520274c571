// What the headers of records say that a share group may hand out: looked for only where its partition may have such
// records, here or in the thread for large batches.
import type { Partition } from '../../broker/topic/partition.ts'
import { readInt64 } from '../../lib/int64.ts'
import type { Steps } from '../../lib/slices.ts'
import { resultOf } from '../../lib/slices.ts'
import { crossingLimits } from '../../limits/crossing.ts'
import { recordLimits } from '../../limits/record.ts'
import { shareLimits } from '../../limits/share.ts'
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

/** For each of `parts`; undefined: its records say nothing. Rejects with WorkerClosedError. */
export function* readFacts(
  { batchWorker }: Pick<KafkaContext, 'batchWorker'>,
  { deliveries }: Partition,
  parts: readonly Buffer[],
  from: number,
): Steps<(BatchFacts | undefined)[]> {
  const found: (BatchFacts | undefined)[] = []
  let sizeLeft = crossingLimits.decodedAtOnceSizeMax
  for (const part of parts) {
    const first = readInt64(part, batchField.baseOffset)
    if (isControlBatch(part) || !deliveries.covers(first, lastOffsetOf(part))) {
      found.push(undefined)
      continue
    }
    const look = lookAtOnce(part, from, sizeLeft) ?? lookElsewhere(batchWorker, part, from)
    const { facts, until, size } = yield* resultOf(look)
    sizeLeft -= size
    found.push({ facts: new Map(facts.map((each) => [each.offset, each])), until })
  }
  return found
}

/** Undefined: it takes longer than a turn of the event loop may. */
function lookAtOnce(part: Buffer, from: number, sizeMax: number): FoundFacts | undefined {
  if (part.length > sizeMax) return undefined
  const { checkedAtOnceWorkMax: workMax } = recordLimits
  try {
    return deliveryFactsOf(part, { from, sizeMax, workMax, factsMax: shareLimits.shareFactsMax })
  } catch (error) {
    if (error instanceof CodecError && error.kind === 'frame_error') return undefined
    return nothingIn(part, error)
  }
}

async function lookElsewhere(
  batchWorker: KafkaContext['batchWorker'],
  part: Buffer,
  from: number,
): Promise<FoundFacts> {
  try {
    return await batchWorker.facts(part, from, shareLimits.shareFactsMax)
  } catch (error) {
    return nothingIn(part, error)
  }
}

/** A batch that cannot be decoded is its readers' matter, as in Fetch. */
function nothingIn(part: Buffer, error: unknown): FoundFacts {
  if (!(error instanceof CodecError)) throw error
  return { facts: [], until: lastOffsetOf(part), size: 0 }
}
