// What a message's headers say about how it was dead-lettered, in the form that clients of RabbitMQ read:
// x-death, an array with one table for each queue and reason, the latest first, and x-first-death-* and
// x-last-death-*. A message may have died often: its headers are changed as bytes, without decoding them.
// Source: RabbitMQ 4.2, mc.erl record_death and mc_amqpl.erl.
import { copyBytes } from '../../lib/copy-bytes.ts'
import { readInt64, writeInt64 } from '../../lib/int64.ts'
import type { HeaderPayload } from './add-headers.ts'
import { CONTENT_FLAGS_POSITION, rangeOfProperty, readPropertyFlags } from './content-header.ts'
import type { EncodedDeath, NamedQueue } from './encode-death.ts'
import * as tag from './field-tag.ts'
import { PROPERTY_EXPIRATION, PROPERTY_HEADERS } from './properties.gen.ts'
import {
  endOfValue,
  hasNamePrefix,
  isNameAt,
  isTextAt,
  startOfContent,
  valueOfEntry,
} from './scan-table.ts'

const lengthSize = 4

/** Name, tag and length of the array. */
const deathsStart = Buffer.from('\x07x-deathA\0\0\0\0', 'latin1')
const expirationStart = Buffer.from('\x13original-expirationS\0\0\0', 'latin1')
const entryStartSize = 1 + lengthSize

/** A death of one message. */
export interface DeathOfMessage {
  readonly death: EncodedDeath
  /** Seconds since the Unix epoch. */
  readonly time: number
  /** The deaths in the headers are the broker's; those that a client wrote do not count and go. */
  readonly isKnown: boolean
}

/** A range of the payload's buffer; empty when `start` is `end`. */
interface Range {
  readonly start: number
  readonly end: number
}

const nowhere: Range = { start: 0, end: 0 }

/** The validated payload with one more death, and without its expiration: what died must not die of it again. */
export function withDeath(
  payload: HeaderPayload,
  { death, time, isKnown }: DeathOfMessage,
): Buffer {
  const { buffer, start, end } = payload
  const table = rangeOfProperty(buffer, start, PROPERTY_HEADERS)
  const expiration = rangeOfProperty(buffer, start, PROPERTY_EXPIRATION)
  const target = Buffer.allocUnsafe(end - start + sizeMaxOf(death))
  const tableAt = copyBytes(buffer, start, table.start, target, 0)
  const flags = (readPropertyFlags(buffer, start) | PROPERTY_HEADERS) & ~PROPERTY_EXPIRATION
  target.writeUInt16BE(flags, CONTENT_FLAGS_POSITION)
  const {
    known,
    hasFirst,
    end: keptEnd,
  } = copyKept(buffer, { table, isKnown }, target, tableAt + lengthSize)
  let at = writeDeaths(payload, { known, expiration, death, time }, target, keptEnd)
  if (!hasFirst) at = copyBytes(death.first, 0, death.first.length, target, at)
  at = copyBytes(death.last, 0, death.last.length, target, at)
  target.writeUInt32BE(at - tableAt - lengthSize, tableAt)
  at = copyBytes(buffer, table.end, expiration.start, target, at)
  at = copyBytes(buffer, expiration.end, end, target, at)
  return target.subarray(0, at)
}

interface FormerHeaders {
  /** With its length. */
  readonly table: Range
  readonly isKnown: boolean
}

interface KeptHeaders {
  /** Where the copies end. */
  readonly end: number
  /** The former entries of x-death, which are not copied. */
  readonly known: Range
  /** x-first-death-* is among the copies. */
  readonly hasFirst: boolean
}

/** Copies the headers that a death leaves as they are. */
function copyKept(
  buffer: Buffer,
  { table, isKnown }: FormerHeaders,
  target: Buffer,
  start: number,
): KeptHeaders {
  let at = start
  let known = nowhere
  let hasFirst = false
  // What is between the headers that go is copied in one piece.
  let copied = Math.min(table.start + lengthSize, table.end)
  let next = copied
  for (let entry = copied; entry < table.end; entry = next) {
    const value = valueOfEntry(buffer, entry)
    next = endOfValue(buffer, value)
    if (!isOfDeaths(buffer, entry)) continue
    if (isKnown && hasNamePrefix(buffer, entry, 'x-first-death-')) {
      hasFirst = true
      continue
    }
    at = copyBytes(buffer, copied, entry, target, at)
    copied = next
    const isKnownArray = isKnown && isArrayOfDeaths(buffer, entry)
    if (isKnownArray) known = { start: startOfContent(value), end: next }
  }
  return { end: copyBytes(buffer, copied, table.end, target, at), known, hasFirst }
}

/**
 * Whether a message with the deaths in this payload, which are the broker's, has been in `queue` since a
 * client rejected it last, so that it would go round for ever. The latest death has been added.
 */
export function isDeathCycle({ buffer, start }: HeaderPayload, queue: NamedQueue): boolean {
  const table = rangeOfProperty(buffer, start, PROPERTY_HEADERS)
  const known = findDeaths(buffer, table)
  for (let entry = known.start; entry < known.end; entry = endOfValue(buffer, entry)) {
    if (isDeathIn(queue, buffer, entry))
      return !hasRejection(buffer, { start: known.start, end: entry + 1 })
  }
  return false
}

/** Whether one of the deaths that begin in the range was a client's rejection. */
function hasRejection(buffer: Buffer, { start, end }: Range): boolean {
  for (let entry = start; entry < end; entry = endOfValue(buffer, entry)) {
    if (hasText(buffer, entry, 'reason', 'rejected')) return true
  }
  return false
}

/** Most bytes by which a death makes a payload longer, with an expiration that moves into it. */
function sizeMaxOf({ entry, first, last }: EncodedDeath): number {
  const sizeOfStarts = lengthSize + deathsStart.length + expirationStart.length
  return sizeOfStarts + entry.length + first.length + last.length
}

interface Deaths extends Pick<DeathOfMessage, 'death' | 'time'> {
  /** The entries of the former ones. */
  readonly known: Range
  readonly expiration: Range
}

/** Writes x-death; returns where it ends. */
function writeDeaths(
  { buffer }: HeaderPayload,
  deaths: Deaths,
  target: Buffer,
  start: number,
): number {
  const { known, death } = deaths
  let at = copyBytes(deathsStart, 0, deathsStart.length, target, start)
  const entriesAt = at
  const same = findDeath(buffer, known, death)
  at =
    same === undefined
      ? writeEntry(buffer, deaths, target, at)
      : copyCounted(buffer, same, target, at)
  const { start: sameStart, end: sameEnd } = same ?? { start: known.start, end: known.start }
  at = copyBytes(buffer, known.start, sameStart, target, at)
  at = copyBytes(buffer, sameEnd, known.end, target, at)
  target.writeUInt32BE(at - entriesAt, entriesAt - lengthSize)
  return at
}

function writeEntry(
  buffer: Buffer,
  { death, expiration, time }: Deaths,
  target: Buffer,
  start: number,
): number {
  const { entry, timeAt } = death
  if (expiration.start === expiration.end) {
    const at = copyBytes(entry, 0, entry.length, target, start)
    writeInt64(target, start + timeAt, time)
    return at
  }
  target[start] = tag.TAG_TABLE
  // A short string, whose length is the last byte of a long one's.
  let at = copyBytes(expirationStart, 0, expirationStart.length, target, start + entryStartSize)
  at = copyBytes(buffer, expiration.start, expiration.end, target, at)
  const end = copyBytes(entry, entryStartSize, entry.length, target, at)
  writeInt64(target, at + timeAt - entryStartSize, time)
  target.writeUInt32BE(end - start - entryStartSize, start + 1)
  return end
}

/** The same death once more; the time stays that of the first. */
function copyCounted(buffer: Buffer, entry: Range, target: Buffer, start: number): number {
  const at = copyBytes(buffer, entry.start, entry.end, target, start)
  const count = findField(target, start, 'count')
  if (count !== -1 && target[count] === tag.TAG_LONG) {
    writeInt64(target, count + 1, readInt64(target, count + 1) + 1)
  }
  return at
}

function findDeath(
  buffer: Buffer,
  known: Range,
  { queue, reason }: EncodedDeath,
): Range | undefined {
  for (let start = known.start; start < known.end;) {
    const end = endOfValue(buffer, start)
    if (isDeathIn(queue, buffer, start) && hasText(buffer, start, 'reason', reason)) {
      return { start, end }
    }
    start = end
  }
  return undefined
}

/** Whether an entry of x-death is of this queue. */
function isDeathIn({ name, field }: NamedQueue, buffer: Buffer, entry: number): boolean {
  // Names of queues differ at their ends most.
  const at = queueFieldIn(buffer, entry)
  if (at === -1) return hasText(buffer, entry, 'queue', name)
  for (let index = field.length - 1; index >= 0; index--) {
    if (buffer[at + index] !== field[index]) return false
  }
  return true
}

/** Where the field of the queue is in an entry whose fields come in the order of `encodeDeath`; else -1. */
function queueFieldIn(buffer: Buffer, entry: number): number {
  let at = startOfContent(entry)
  if (isNameAt(buffer, at, 'original-expiration')) at = endOfValue(buffer, valueOfEntry(buffer, at))
  if (!isNameAt(buffer, at, 'count')) return -1
  at = endOfValue(buffer, valueOfEntry(buffer, at))
  if (!isNameAt(buffer, at, 'reason')) return -1
  at = endOfValue(buffer, valueOfEntry(buffer, at))
  return isNameAt(buffer, at, 'queue') ? at : -1
}

/** The entries of x-death in a table with its length. */
function findDeaths(buffer: Buffer, table: Range): Range {
  for (let entry = table.start + lengthSize; entry < table.end;) {
    const value = valueOfEntry(buffer, entry)
    const end = endOfValue(buffer, value)
    if (isArrayOfDeaths(buffer, entry)) return { start: startOfContent(value), end }
    entry = end
  }
  return nowhere
}

function isArrayOfDeaths(buffer: Buffer, entry: number): boolean {
  return isNameAt(buffer, entry, 'x-death') && buffer[valueOfEntry(buffer, entry)] === tag.TAG_ARRAY
}

function isOfDeaths(buffer: Buffer, entry: number): boolean {
  return (
    isNameAt(buffer, entry, 'x-death') ||
    hasNamePrefix(buffer, entry, 'x-first-death-') ||
    hasNamePrefix(buffer, entry, 'x-last-death-')
  )
}

/** Whether the table whose tag is at `table` has this text in the field of this name. */
function hasText(buffer: Buffer, table: number, name: string, text: string): boolean {
  const value = findField(buffer, table, name)
  return value !== -1 && isTextAt(buffer, value, text)
}

/** Where the value of a field is in the table whose tag is at `table`; -1 without it. */
function findField(buffer: Buffer, table: number, name: string): number {
  if (buffer[table] !== tag.TAG_TABLE) return -1
  const end = endOfValue(buffer, table)
  for (let entry = startOfContent(table); entry < end;) {
    const value = valueOfEntry(buffer, entry)
    if (isNameAt(buffer, entry, name)) return value
    entry = endOfValue(buffer, value)
  }
  return -1
}
