// Reads the compacted topic from its start to its end again and again: of each key it must be shown what was the
// latest when it began, or something later.
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import { batchSizeAt, readBatchHeader, recordsOf } from '../../../src/record/batch/batch-header.ts'
import { RecordReader } from '../../../src/record/batch/record-reader.ts'
import { fetchRequest } from '../../support/fetch-request.ts'
import { errorOf } from '../kafka/error-of.ts'
import type { KafkaLife } from '../kafka/kafka-protocol.ts'
import { type KeyedRecord, keyedTopic } from './keyed-world.ts'
import type { LedgerWorld } from './ledger-world.ts'
import { LifeLink } from './life-link.ts'

const who = 'scanner'

export class KeyedReader {
  readonly #ledger: LedgerWorld

  constructor(ledger: LedgerWorld) {
    this.#ledger = ledger
  }

  /** One connection's work. */
  readonly work = async (life: KafkaLife): Promise<void> => {
    const { draw, world } = life
    const link = new LifeLink(life)
    await createKeyed(this.#ledger, link)
    for (let left = draw.between(1, 10); left > 0 && !world.isWindingDown; left--) {
      const sizeMax = draw.oneOf([1, 300, 100_000])
      await scanKeyed(this.#ledger, link, { sizeMax, rest: () => life.step() })
      await life.step()
    }
  }
}

/** Creates the topic, if it is not there. Rejects with `Ended`. */
export async function createKeyed(ledger: LedgerWorld, link: LifeLink): Promise<void> {
  const { deleteRetentionMs, segmentMs } = ledger.plan.keyed
  const configs = {
    'cleanup.policy': 'compact',
    'delete.retention.ms': String(deleteRetentionMs),
    'segment.ms': String(segmentMs),
    'min.cleanable.dirty.ratio': '0',
  }
  await ledger.create(link, {
    name: keyedTopic,
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
  })
}

/** Returns everything that it is shown. */
export async function scanKeyed(
  ledger: LedgerWorld,
  link: LifeLink,
  { sizeMax, rest }: { readonly sizeMax: number; readonly rest?: () => Promise<void> },
): Promise<KeyedRecord[]> {
  const { keyed } = ledger
  const latest = keyed.latest()
  const all: KeyedRecord[] = []
  let pageCount = 0
  for (let offset = 0, end = 1; offset < end;) {
    const page = await readKeyed(link, offset, sizeMax)
    if (typeof page === 'string') throw keyed.fail(`${keyedTopic} cannot be read: ${page}`)
    for (const record of page.records) keyed.onShown(record, who)
    all.push(...page.records)
    pageCount++
    end = page.end
    if (page.next === offset && offset < end) {
      throw keyed.fail(`${keyedTopic} gives nothing from ${offset} of ${end}`)
    }
    offset = page.next
    await rest?.()
  }
  const last = new Map(all.map((record) => [record.key, record]))
  for (const [key, atLeast] of latest) {
    const fault = keyed.judge({ key, atLeast, isAtOnce: pageCount === 1 }, last.get(key))
    if (fault !== undefined) throw keyed.fail(`${who} was shown ${fault}`)
  }
  return all
}

interface KeyedPage {
  readonly records: readonly KeyedRecord[]
  readonly next: number
  readonly end: number
}

/** Or the name of the error. */
async function readKeyed(
  link: LifeLink,
  offset: number,
  sizeMax: number,
): Promise<KeyedPage | string> {
  const asked = {
    partition: 0,
    currentLeaderEpoch: -1,
    fetchOffset: offset,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes: sizeMax,
    replicaDirectoryId: zeroUuid,
    highWatermark: Number.MAX_SAFE_INTEGER,
  }
  const topics = [{ topic: keyedTopic, topicId: '', partitions: [asked] }]
  const request = fetchRequest(topics, { maxWaitMs: 50, minBytes: 1, maxBytes: 1_000_000 })
  const answer = await link.call('fetch', request, 12)
  const data = answer.responses[0]?.partitions[0]
  if (data === undefined) return 'nothing'
  if (data.errorCode !== 0) return errorOf(data.errorCode)
  const { records: batches, highWatermark: end } = data
  return { ...recordsFrom(Buffer.concat(batches === null ? [] : [batches].flat()), offset), end }
}

function recordsFrom(bytes: Buffer, offset: number): Omit<KeyedPage, 'end'> {
  const records: KeyedRecord[] = []
  let next = offset
  for (let at = 0; at < bytes.length;) {
    const size = batchSizeAt(bytes, at)
    if (size < 0 || at + size > bytes.length) break
    const batch = bytes.subarray(at, at + size)
    const header = readBatchHeader(batch)
    const reader = new RecordReader()
    reader.reset(header, recordsOf(batch))
    while (reader.next()) {
      const value = reader.value()
      const key = String(reader.key())
      records.push({ offset: reader.offset, key, value: value === null ? null : String(value) })
    }
    next = header.baseOffset + header.lastOffsetDelta + 1
    at += size
  }
  return { records: records.filter((record) => record.offset >= offset), next }
}
