// How work of AMQP that was handed over to a transaction is kept in the log's keyed state: one row for each
// tx.commit, under `held/`, the producer id and a number.
//
//   format version │ vhost │ count × (queue, its id, place) of acks │ count × (address, header, body) of messages
//   │ since version 2: count × (queue, its id, place) of rejects
import { sourceFrom } from '../../record/message/fill-source.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { GroupFormatError } from '../group/group-format-error.ts'
import { RowReader } from '../group/row-reader.ts'
import { RowWriter } from '../group/row-writer.ts'

const keyStart = 'held/'
const formatVersion = 2

/** A message of a queue that is acked or rejected when the transaction is committed. */
export interface HeldDelivery {
  readonly queue: string
  /** Of the queue's first log. */
  readonly queueId: number
  readonly place: number
}

export interface HeldRow {
  readonly vhost: string
  readonly acks: readonly HeldDelivery[]
  readonly rejects: readonly HeldDelivery[]
  /** With memory of their own. */
  readonly messages: readonly RecordSource[]
}

export function heldKey(producerId: number, number: number): string {
  return `${keyStart}${producerId}/${number}`
}

/** Undefined for other keys. */
export function parseHeldKey(key: string): { producerId: number; number: number } | undefined {
  if (!key.startsWith(keyStart)) return undefined
  const [producerId, number] = key.slice(keyStart.length).split('/').map(Number)
  if (producerId === undefined || number === undefined) return undefined
  return { producerId, number }
}

export function encodeHeld({ vhost, acks, messages, rejects }: HeldRow): Buffer {
  const writer = new RowWriter().uint8(formatVersion).text(vhost)
  writeDeliveries(writer, acks)
  writer.int32(messages.length)
  for (const { address, addressStart, addressEnd, ...rest } of messages) {
    writer
      .bytes(address.subarray(addressStart, addressEnd))
      .bytes(rest.header.subarray(rest.headerStart, rest.headerEnd))
      .bytes(rest.body.subarray(rest.bodyStart, rest.bodyEnd))
  }
  writeDeliveries(writer, rejects)
  return writer.finish()
}

/** Throws GroupFormatError for what no version of this broker wrote. */
export function decodeHeld(value: Buffer): HeldRow {
  const reader = new RowReader(value)
  const format = reader.uint8()
  if (format < 1 || format > formatVersion)
    throw new GroupFormatError(`held work in format ${format}`)
  const vhost = reader.text()
  const acks = readDeliveries(reader)
  const messages = Array.from({ length: reader.int32() }, () =>
    sourceFrom({ address: reader.bytes(), header: reader.bytes(), body: reader.bytes() }),
  )
  const rejects = format === 1 ? [] : readDeliveries(reader)
  reader.finish()
  return { vhost, acks, messages, rejects }
}

function writeDeliveries(writer: RowWriter, deliveries: readonly HeldDelivery[]): void {
  writer.int32(deliveries.length)
  for (const { queue, queueId, place } of deliveries) {
    writer.text(queue).integer(queueId).integer(place)
  }
}

function readDeliveries(reader: RowReader): HeldDelivery[] {
  return Array.from({ length: reader.int32() }, () => ({
    queue: reader.text(),
    queueId: reader.integer(),
    place: reader.integer(),
  }))
}
