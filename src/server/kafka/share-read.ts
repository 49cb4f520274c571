// The reading of one ShareFetch: first batches are read of every partition that has available records, and
// only when there are enough of them, or the time is up, do records become the member's.
import type { SharePartition } from '../../broker/share/share-partition.ts'
import type { AcquiredRange, BatchSpan } from '../../broker/share/share-reading.ts'
import type { ShareSettings } from '../../broker/share/share-settings.ts'
import type { KafkaErrorName } from '../../codec/kafka/error-codes.gen.ts'
import { readInt64 } from '../../lib/int64.ts'
import { resultOf, runAtOnce, type Steps } from '../../lib/slices.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { memoryLimits } from '../../limits/memory.ts'
import { shareLimits } from '../../limits/share.ts'
import {
  batchField,
  isControlBatch,
  isTransactionalBatch,
  lastOffsetOf,
  recordCountOf,
} from '../../record/batch/batch-header.ts'
import type { Retained } from './answer-slot.ts'
import { partyOf } from './party.ts'
import { type PartitionRecords, readPartition } from './read-partition.ts'
import { type RecordPlace, RecordWatch } from './record-watch.ts'
import type { RequestContext } from './request-context.ts'
import { type BatchFacts, readFacts } from './share-facts.ts'
import { findSharePlace, type ShareRequester } from './share-requests.ts'
import type { SharedPlace, ShareSession } from './share-sessions.ts'

export interface ShareReadAsked extends ShareRequester {
  readonly settings: ShareSettings
  readonly minBytes: number
  readonly maxBytes: number
  readonly maxWaitMs: number
  /** Of all partitions together. */
  readonly recordsMax: number
  readonly batchSize: number
  readonly isStrict: boolean
}

/** What one partition has for the member. */
export interface FoundRecords {
  readonly place: SharedPlace
  /** Why it has nothing. */
  readonly problem?: KafkaErrorName
  readonly parts: readonly Buffer[]
  readonly ranges: readonly AcquiredRange[]
}

/** Batches that were read of a partition, of which nothing is the member's yet. */
interface Candidate {
  readonly place: SharedPlace
  readonly share: SharePartition
  readonly from: number
  readonly end: number
  readonly records: PartitionRecords
  /** What headers in each of its parts say. */
  readonly facts: readonly (BatchFacts | undefined)[]
}

export class ShareRead {
  readonly found: FoundRecords[] = []
  /** What the parts are views of. */
  readonly retained: Retained[] = []
  readonly #session: ShareSession
  readonly #asked: ShareReadAsked
  readonly #context: RequestContext
  #candidates: Candidate[] = []
  #size = 0
  /** Of so many more records with times or priorities may be told. */
  #factsLeft: number = shareLimits.shareFactsMax

  constructor(session: ShareSession, asked: ShareReadAsked, context: RequestContext) {
    this.#session = session
    this.#asked = asked
    this.#context = context
  }

  /** Waits for records, and takes them. */
  async run(): Promise<void> {
    const { clock } = this.#context
    const { maxWaitMs, maxBytes, recordsMax } = this.#asked
    if (recordsMax <= 0 || maxBytes <= 0) return
    const deadline = clock.monotonic() + Math.min(maxWaitMs, kafkaLimits.fetchWaitMsMax)
    try {
      await this.#runSteps(this.#look())
      if (this.#isOver(deadline)) return
      using watch = new RecordWatch(this.#watchedPlaces(), this.#context)
      do {
        await this.#runSteps(this.#look())
        if (this.#isOver(deadline)) return
        // Others were faster, or there was nothing to hand out: what comes after it may be there.
        if (this.#candidates.length > 0 && this.#isEnough) await nextTurn(this.#context)
        else await watch.waitUntil(deadline)
      } while (!this.#isGone)
    } finally {
      this.#dropCandidates()
    }
  }

  /** Whether the answer can be made, or the time is up: then it has what there is. */
  #isOver(deadline: number): boolean {
    const isDue = this.found.length > 0 || this.#context.clock.monotonic() >= deadline
    if (!isDue && !this.#isEnough) return this.#isGone
    return this.#take() || isDue || this.#isGone
  }

  get #isEnough(): boolean {
    return this.#candidates.length > 0 && this.#size >= this.#asked.minBytes
  }

  get #isGone(): boolean {
    const { client } = this.#context
    return this.#session.isClosed || client.isClosed || client.isEnding
  }

  /** What few partitions take is done at once, what many take in slices. */
  #runSteps<T>(steps: Steps<T>): Promise<T> {
    const isLong = this.#session.places.size > kafkaLimits.fetchedAtOnceMax
    return isLong ? this.#context.slices.run(steps) : runAtOnce(steps)
  }

  /** Reads what is available now. */
  *#look(): Steps<void> {
    this.#dropCandidates()
    this.#factsLeft = shareLimits.shareFactsMax
    let count = 0
    for (const place of this.#session.places.values()) {
      if (count >= this.#asked.recordsMax || this.#factsLeft <= 0) return
      yield
      const share = findSharePlace(place, this.#asked, this.#context)
      if (typeof share === 'string') {
        this.found.push({ place, problem: share, parts: [], ranges: [] })
        continue
      }
      const candidate = yield* this.#readOne(place, share)
      if (candidate === undefined) continue
      for (const part of candidate.records.parts) count += recordCountOf(part)
    }
  }

  *#readOne(place: SharedPlace, share: SharePartition): Steps<Candidate | undefined> {
    const { partition } = share
    const { isCommittedOnly: isCommitted } = this.#asked.settings
    const end = isCommitted ? partition.lastStableOffset : partition.highWatermark
    yield* this.#lookAhead(place, share, end)
    const from = share.nextAvailable(end)
    const sizeMax = Math.min(this.#roomLeft(), shareLimits.shareReadSizeMax)
    const isStrict = this.#size > 0
    const view = this.#context.led.findById(place.topicId)
    if (from < 0 || view === undefined || (isStrict && sizeMax <= 0)) return undefined
    const wanted = { offset: from, sizeMax, isStrict, isCommitted }
    const records = yield* resultOf(readPartition(this.#context, view, partition, wanted))
    if (records.parts.length === 0) {
      // There is no record any more.
      if (!isStrict) share.passGap(from, end)
      return undefined
    }
    const facts: (BatchFacts | undefined)[] = []
    const candidate = { place, share, from, end, records, facts }
    this.#candidates.push(candidate)
    this.#size += records.size
    this.#context.client.changeUnfinished(records.size)
    const asked = { parts: records.parts, from, factsMax: this.#factsLeft }
    for (const each of yield* readFacts(this.#context, partition, asked)) {
      facts.push(each)
      this.#factsLeft -= each?.facts.size ?? 0
    }
    return candidate
  }

  /** Where records go by priority: looks at those that come next, as many as are known ahead. */
  *#lookAhead(place: SharedPlace, share: SharePartition, end: number): Steps<void> {
    const { partition } = share
    const { settings } = this.#asked
    for (let before = -1; ;) {
      const from = share.lookFrom(end)
      const view = this.#context.led.findById(place.topicId)
      if (from <= before || view === undefined || this.#isGone || this.#roomLeft() <= 0) return
      before = from
      const sizeMax = shareLimits.shareReadSizeMax
      const isCommitted = settings.isCommittedOnly
      const wanted = { offset: from, sizeMax, isStrict: false, isCommitted }
      const records = yield* resultOf(readPartition(this.#context, view, partition, wanted))
      try {
        if (records.parts.length === 0) share.passGap(from, end)
        const asked = { parts: records.parts, from, factsMax: shareLimits.shareFactsMax }
        const facts = yield* readFacts(this.#context, partition, asked)
        const candidate = { place, share, from, end, records, facts }
        const parts = records.parts.filter((part) => baseOffsetOf(part) < end)
        share.look({ from, spans: spansOf(parts, candidate, settings) })
      } finally {
        for (const run of records.retained) run.release()
      }
      yield nextTurn(this.#context)
    }
  }

  /** Takes records of what was read; false when others were faster. */
  #take(): boolean {
    if (this.#isGone) return false
    const asked = this.#asked
    let left = asked.recordsMax
    for (const candidate of this.#candidates) {
      if (left <= 0) break
      const { place, share, from, end, records } = candidate
      const parts = records.parts.filter((part) => baseOffsetOf(part) < end)
      const read = { from, spans: spansOf(parts, candidate, asked.settings) }
      const ranges = share.acquire(read, { ...asked, recordsMax: left })
      if (ranges.length === 0) continue
      for (const { first, last } of ranges) left -= last - first + 1
      this.found.push({ place, parts: partsWith(parts, ranges), ranges })
      this.#keep(candidate, ranges)
    }
    return this.found.length > 0
  }

  /** The answer is made of it. */
  #keep({ place, share, records }: Candidate, ranges: readonly AcquiredRange[]): void {
    for (const run of records.retained) {
      run.retain()
      this.retained.push(run)
    }
    // When there is more than one answer holds, the others come first the next time.
    this.#session.moveToEnd(place)
    const { client, led } = this.#context
    const topic = led.findById(place.topicId)?.topic
    const { broker } = led.cellOf(share.partition)
    if (topic === undefined) return
    let count = 0
    for (const { first, last } of ranges) count += last - first + 1
    const { log } = share.partition
    const range = { first: ranges[0]!.first, last: ranges.at(-1)!.last }
    broker.watch.observer?.onFetched(
      { stream: topic, log, partition: place.index, ...range },
      partyOf(client),
    )
    topic.counters.fetched += count
    client.counters.fetched += count
    client.counters.fetchedSize += records.size
    client.throttle.take('fetch', records.size)
  }

  #watchedPlaces(): RecordPlace[] {
    return [...this.#session.places.values()].flatMap((place) => {
      const share = findSharePlace(place, this.#asked, this.#context)
      return typeof share === 'string' ? [] : [share, share.partition]
    })
  }

  #roomLeft(): number {
    const { memory } = this.#context
    if (memory.isOver('output', memoryLimits.outputHardFactor)) return 0
    const sizeMax = memory.isOver('output')
      ? memoryLimits.pressedOutputSize
      : kafkaLimits.fetchAnswerSizeMax
    const { fetchSizeMax } = this.#context.client.throttle
    return Math.min(this.#asked.maxBytes, sizeMax, fetchSizeMax) - this.#size
  }

  #dropCandidates(): void {
    for (const { records } of this.#candidates) for (const run of records.retained) run.release()
    this.#candidates = []
    this.#context.client.changeUnfinished(-this.#size)
    this.#size = 0
  }
}

function nextTurn({ clock }: RequestContext): Promise<void> {
  return new Promise((resolve) => {
    clock.atEndOfTurn(resolve)
  })
}

function baseOffsetOf(batch: Buffer): number {
  return readInt64(batch, batchField.baseOffset)
}

/** Nothing is known behind a batch that was looked at in part. */
function spansOf(
  parts: readonly Buffer[],
  candidate: Candidate,
  settings: ShareSettings,
): BatchSpan[] {
  const spans: BatchSpan[] = []
  for (const [at, part] of parts.entries()) {
    const span = spanOf(part, candidate, settings)
    const known = candidate.facts[at]
    const last = Math.min(span.last, known?.until ?? span.last)
    spans.push({ ...span, last, facts: known?.facts })
    if (last < span.last) break
  }
  return spans
}

function spanOf(
  batch: Buffer,
  { end, share: { partition } }: Candidate,
  { isCommittedOnly }: ShareSettings,
): BatchSpan {
  const first = baseOffsetOf(batch)
  const producerId = readInt64(batch, batchField.producerId)
  const isAborted =
    isCommittedOnly &&
    isTransactionalBatch(batch) &&
    partition.transactions?.aborted.isAborted(producerId, first) === true
  const last = Math.min(lastOffsetOf(batch), end - 1)
  return { first, last, isHidden: isControlBatch(batch) || isAborted }
}

/** Those of `parts` that have acquired records. */
function partsWith(parts: readonly Buffer[], ranges: readonly AcquiredRange[]): Buffer[] {
  return parts.filter((part) => {
    const [first, last] = [baseOffsetOf(part), lastOffsetOf(part)]
    return ranges.some((range) => range.first <= last && range.last >= first)
  })
}
