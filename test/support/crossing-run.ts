// Runs of one log as the memory engine would hold them, for tests of the crossing.
import { OpenedBatch } from '../../src/crossing/opened-batch.ts'
import { toMessageRun, wholeBatch } from '../../src/crossing/to-message-run.ts'
import { recordLimits } from '../../src/limits/record.ts'
import { Log } from '../../src/log/log.ts'
import { appendRecord } from '../../src/log/record.ts'
import { Run } from '../../src/log/run.ts'
import { type NewRecord, RecordBatchBuilder } from '../../src/record/batch/batch-builder.ts'
import { batchHeaderSize } from '../../src/record/batch/batch-header.ts'
import { readBatchHeader, recordsOf } from '../../src/record/batch/batch-header.ts'
import type { CompressionName } from '../../src/record/batch/compression.ts'
import { RecordReader } from '../../src/record/batch/record-reader.ts'
import { encodeAddress } from '../../src/record/message/address.ts'
import { encodeContentHeader } from '../../src/record/message/content-header.ts'
import { sourceFrom } from '../../src/record/message/fill-source.ts'
import type { BasicProperties } from '../../src/record/message/properties.gen.ts'
import { RecordView } from '../../src/record/message/record-view.ts'

export interface Message {
  readonly offset: number
  readonly timestamp: number
  readonly exchange: string
  readonly routingKey: string
  readonly properties: BasicProperties
  readonly body: Buffer
}

/** A message as it is stored: address, header payload and body. */
export interface StoredMessage {
  readonly offset: number
  readonly timestamp: number
  readonly address: Buffer
  readonly header: Buffer
  readonly body: Buffer
}

export interface PlainRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly { readonly key: string; readonly value: Buffer | null }[]
}

export const leaderEpoch = 7

/** A log that is only good for what converters ask of it. */
export function logNamed(name: string): Log {
  const engine = { asideBodies: new Map<number, Buffer>() }
  const log = new Log({ id: 1, isVolatile: false, engine: engine as never })
  log.homeAddress = encodeAddress('', name)
  return log
}

export function runOf(messages: readonly Message[]): Run {
  const first = messages[0] as Message
  const run = new Run(first.offset, first.timestamp, 64)
  for (const { exchange, routingKey, properties, body, offset, timestamp } of messages) {
    const address = encodeAddress(exchange, routingKey)
    const header = encodeContentHeader(body.length, properties)
    appendRecord(run, offset, timestamp, sourceFrom({ address, header, body }))
  }
  run.seal(leaderEpoch, -1)
  return run
}

export function messagesIn(log: Log, run: Run): StoredMessage[] {
  const messages: StoredMessage[] = []
  const view = new RecordView()
  for (let position = batchHeaderSize; position < run.size;) {
    position = log.readFrom(run, position, view)
    messages.push({
      offset: view.offset,
      timestamp: view.timestamp,
      address: Buffer.from(view.buffer.subarray(view.addressStart, view.headerStart)),
      header: Buffer.from(view.buffer.subarray(view.headerStart, view.headerEnd)),
      body: Buffer.from(view.body.subarray(view.bodyStart, view.bodyEnd)),
    })
  }
  return messages
}

/** A whole batch as messages. */
export function convert(log: Log, batch: Run): Run {
  const opened = new OpenedBatch(batch.bytes(), recordLimits.decompressedSizeMax)
  return toMessageRun(opened, wholeBatch(opened, log.homeAddress))
}

export function batchOf(records: readonly NewRecord[], compression: CompressionName = 'none'): Run {
  const builder = new RecordBatchBuilder(records[0]?.offset ?? 0)
  for (const record of records) builder.append(record)
  return Run.fromBytes(builder.finish({ leaderEpoch, compression }))
}

export function recordsIn(batch: Buffer): PlainRecord[] {
  const reader = new RecordReader()
  reader.reset(readBatchHeader(batch), recordsOf(batch))
  const records: PlainRecord[] = []
  while (reader.next()) {
    const { offset, timestamp } = reader
    const [key, value] = [copyOf(reader.key()), copyOf(reader.value())]
    const headers: { key: string; value: Buffer | null }[] = []
    while (reader.nextHeader()) {
      headers.push({ key: reader.headerKey(), value: copyOf(reader.headerValue()) })
    }
    records.push({ offset, timestamp, key, value, headers })
  }
  return records
}

function copyOf(bytes: Buffer | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes)
}
