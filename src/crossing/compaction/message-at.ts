// What compaction asks of a stored message: its key, whether it is a tombstone, its offset. The record's other
// form, as Kafka's clients see it, has the same (message-to-record.ts).
import { readInt64 } from '../../lib/int64.ts'
import { batchField } from '../../record/batch/batch-header.ts'
import { findHeader } from '../../record/message/content-header.ts'
import {
  readUInt32,
  recordBodySize,
  recordField,
  recordFixedSize,
} from '../../record/message/message-record.ts'
import { messageHeader } from '../crossing-map.ts'
import { toKafkaValue } from '../header-value.ts'
import { impliedKey } from '../message-key.ts'

/** The key of the message at `at` of a run; undefined for a message without one. May be a view. */
export function keyOfMessageAt(run: Buffer, at: number): Buffer | undefined {
  const addressStart = at + recordFixedSize
  const named = headerAt(run, at, messageHeader.key)
  if (named !== undefined) return toKafkaValue(named) ?? undefined
  return impliedKey(run, addressStart)
}

export function isTombstoneAt(run: Buffer, at: number): boolean {
  if (recordBodySize(run, at) > 0) return false
  const mark = headerAt(run, at, messageHeader.tombstone)
  return mark?.type === 'bool' && mark.value
}

export function offsetOfMessageAt(run: Buffer, at: number): number {
  return readInt64(run, batchField.baseOffset) + readUInt32(run, at + recordField.offsetDelta)
}

function headerAt(run: Buffer, at: number, name: string): ReturnType<typeof findHeader> {
  const start = at + recordFixedSize + run.readUInt16BE(at + recordField.addressSize)
  return findHeader(run, start, start + readUInt32(run, at + recordField.headerSize), name)
}
