// What the headers of a Kafka batch's records say about their delivery to workers: from when on, until when, and which
// goes first (`record/delivery-headers.ts`). Records without such headers are not told of.
import { CodecError } from '../codec-error.ts'
import {
  deliverAfterHeader,
  deliverAtHeader,
  deliverAtOf,
  delayOf,
  expirationHeader,
  messagePriorityHeader,
  priorityHeader,
  timeOf,
  ttlHeader,
  wholeNumberOf,
} from '../delivery-headers.ts'
import { readBatchHeader, recordsOf } from './batch-header.ts'
import { decompress } from './compression.ts'
import { RecordReader } from './record-reader.ts'

/** Of one record. */
export interface DeliveryFacts {
  readonly offset: number
  /** Milliseconds since the Unix epoch; 0 for at once. */
  readonly deliverAt: number
  /** The same; Infinity for a record that stays. */
  readonly expiresAt: number
  /** 0 to 255. */
  readonly priority: number
}

/** What was found in a batch. */
export interface FoundFacts {
  readonly facts: readonly DeliveryFacts[]
  /** The last offset that was looked at. */
  readonly until: number
  /** Bytes of the records, decompressed. */
  readonly size: number
}

export interface FactsAsked {
  /** Records before it are passed over. */
  readonly from: number
  /** Bytes that the records decompress to: more are not decoded. */
  readonly sizeMax: number
  /** Records and headers: more are not looked at. */
  readonly workMax: number
  /** Of so many records it is told; those behind are not looked at. */
  readonly factsMax: number
}

const priorityMax = 255

/** Whether the header that the reader stands at says something about delivery. */
export function isDeliveryHeader({ buffer, headerKeyStart, headerKeyEnd }: RecordReader): boolean {
  const size = headerKeyEnd - headerKeyStart
  if (size < sizeMin || size > sizeMax || !firstLetters.has(buffer[headerKeyStart])) return false
  return names.has(buffer.toString('latin1', headerKeyStart, headerKeyEnd))
}

/** Throws CodecError, `frame_error` when the records are more than `asked` allows. */
export function deliveryFactsOf(batch: Buffer, asked: FactsAsked): FoundFacts {
  const header = readBatchHeader(batch)
  const last = header.baseOffset + header.lastOffsetDelta
  if (header.compression === undefined) return { facts: [], until: last, size: 0 }
  const records = decompress(header.compression, recordsOf(batch), asked.sizeMax)
  const reader = new RecordReader()
  reader.reset(header, records)
  const facts: DeliveryFacts[] = []
  let work = 0
  while (reader.next()) {
    work += 1 + reader.headerCount
    if (work > asked.workMax) {
      throw new CodecError('frame_error', `more than ${asked.workMax} records and headers`, 0)
    }
    const { offset } = reader
    if (offset < asked.from || reader.headerCount === 0) continue
    const found = factsOfRecord(reader)
    if (found === undefined) continue
    if (facts.length === asked.factsMax) return { facts, until: offset - 1, size: records.length }
    facts.push(found)
  }
  return { facts, until: last, size: records.length }
}

/** What was found of one record so far. */
interface Found {
  at: Buffer | undefined
  after: Buffer | undefined
  ttlMs: number | undefined
  priority: number | undefined
}

/** The first header of a name that makes sense counts, as in a message that is made of the record. */
const meanings: Readonly<Record<string, (value: Buffer, found: Found) => void>> = {
  [deliverAtHeader]: (value, found) => {
    if (timeOf(value) !== undefined) found.at ??= value
  },
  [deliverAfterHeader]: (value, found) => {
    if (delayOf(value) !== undefined) found.after ??= value
  },
  [ttlHeader]: noteTtl,
  [expirationHeader]: noteTtl,
  [priorityHeader]: notePriority,
  [messagePriorityHeader]: notePriority,
}

const names: ReadonlySet<string> = new Set(Object.keys(meanings))
const sizes = [...names].map((name) => name.length)
const [sizeMin, sizeMax] = [Math.min(...sizes), Math.max(...sizes)]
const firstLetters = new Set([...names].map((name) => name.codePointAt(0)))

function noteTtl(value: Buffer, found: Found): void {
  found.ttlMs ??= wholeNumberOf(value)
}

function notePriority(value: Buffer, found: Found): void {
  found.priority ??= priorityOf(value)
}

function factsOfRecord(reader: RecordReader): DeliveryFacts | undefined {
  const found: Found = { at: undefined, after: undefined, ttlMs: undefined, priority: undefined }
  while (reader.nextHeader()) {
    const value = isDeliveryHeader(reader) ? reader.headerValue() : null
    if (value !== null) meanings[reader.headerKey()]?.(value, found)
  }
  const { offset, timestamp } = reader
  const priority = found.priority ?? 0
  const deliverAt = deliverAtOf(found, timestamp)
  const expiresAt = expiryOf(Math.max(timestamp, deliverAt), found.ttlMs)
  if (deliverAt === 0 && expiresAt === Infinity && priority === 0) return undefined
  return { offset, deliverAt, expiresAt, priority }
}

/** A record without a time stays. */
function expiryOf(from: number, ttlMs: number | undefined): number {
  return ttlMs === undefined || from < 0 ? Infinity : from + ttlMs
}

function priorityOf(value: Buffer): number | undefined {
  const number = wholeNumberOf(value)
  return number !== undefined && number <= priorityMax ? number : undefined
}
