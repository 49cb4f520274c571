// How a transactional id is kept in the log's keyed state, under `transaction/` and the id:
//
//   format version │ fields as in `encodeTransaction`
//
// Format 2 has parts in other cells. What has none is written in format 1, which older versions know.
import { GroupFormatError } from '../group/group-format-error.ts'
import { RowReader } from '../group/row-reader.ts'
import { RowWriter } from '../group/row-writer.ts'
import {
  partKey,
  Transaction,
  type TransactionPart,
  type TransactionState,
  type TransactionVersion,
} from './transaction.ts'

const keyStart = 'transaction/'
const formatHere = 1
const formatElsewhere = 2
/** A larger count is damage. */
const countMax = 1_000_000
const states: readonly TransactionState[] = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
]

export function transactionKey(id: string): string {
  return keyStart + id
}

/** The transactional id that a key of the log's keyed state is for; undefined for other keys. */
export function parseTransactionKey(key: string): string | undefined {
  return key.startsWith(keyStart) ? key.slice(keyStart.length) : undefined
}

export function encodeTransaction(transaction: Transaction): Buffer {
  const { parts, groups } = transaction
  const isSpread = [...parts.values()].some(({ elsewhere }) => elsewhere !== undefined)
  const writer = new RowWriter()
    .uint8(isSpread ? formatElsewhere : formatHere)
    .uint8(states.indexOf(transaction.state))
    .uint8(transaction.version)
    .integer(transaction.producerId)
    .int32(transaction.epoch)
    .integer(transaction.previousProducerId)
    .int32(transaction.lastEpoch)
    .integer(transaction.nextProducerId)
    .int32(transaction.timeoutMs)
    .integer(transaction.startedMs)
    .integer(transaction.updatedMs)
    .int32(parts.size)
  for (const { topic, partition, logId, elsewhere } of parts.values()) {
    writer.text(topic).int32(partition).integer(logId)
    if (isSpread) writer.int32(elsewhere?.cell ?? -1).text(elsewhere?.topicId ?? '')
  }
  writer.int32(groups.size)
  for (const group of groups) writer.text(group)
  return writer.finish()
}

/** Throws GroupFormatError for what no version of this broker wrote. */
export function decodeTransaction(id: string, value: Buffer): Transaction {
  const reader = new RowReader(value)
  const format = reader.uint8()
  if (format !== formatHere && format !== formatElsewhere) {
    throw new GroupFormatError(`a transaction is stored in format ${format}`)
  }
  const state = states[reader.uint8()]
  if (state === undefined) throw new GroupFormatError('a transaction in no known state')
  const version = reader.uint8() as TransactionVersion
  const transaction = new Transaction(id, reader.integer())
  transaction.state = state
  transaction.version = version
  transaction.epoch = reader.int32()
  transaction.previousProducerId = reader.integer()
  transaction.lastEpoch = reader.int32()
  transaction.nextProducerId = reader.integer()
  transaction.timeoutMs = reader.int32()
  transaction.startedMs = reader.integer()
  transaction.updatedMs = reader.integer()
  for (let left = Math.min(reader.int32(), countMax); left > 0; left--) {
    const part = readPart(reader, format === formatElsewhere)
    transaction.parts.set(partKey(part), part)
  }
  for (let left = Math.min(reader.int32(), countMax); left > 0; left--) {
    transaction.groups.add(reader.text())
  }
  reader.finish()
  return transaction
}

function readPart(reader: RowReader, isSpread: boolean): TransactionPart {
  const part = { topic: reader.text(), partition: reader.int32(), logId: reader.integer() }
  if (!isSpread) return part
  const elsewhere = { cell: reader.int32(), topicId: reader.text() }
  return elsewhere.cell < 0 ? part : { ...part, elsewhere }
}
