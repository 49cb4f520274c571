// The key of a message, which decides its partition and is the key of its record: the header `x-key`,
// else the routing key of a message that came through a named exchange, else none.
import { findHeader } from '../record/message/content-header.ts'
import type { RecordSource } from '../record/message/record-source.ts'
import type { RecordView } from '../record/message/record-view.ts'
import { messageHeader } from './crossing-map.ts'
import { toKafkaValue } from './header-value.ts'

/** Undefined for a message without a key. May be a view of the source. */
export function keyOfMessage(source: RecordSource): Buffer | undefined {
  const { header, headerStart, headerEnd, address, addressStart } = source
  const named = findHeader(header, headerStart, headerEnd, messageHeader.key)
  if (named !== undefined) return toKafkaValue(named) ?? undefined
  return impliedKey(address, addressStart)
}

/** The same of a stored message. May be a view of it. */
export function keyOfView({
  buffer,
  headerStart,
  headerEnd,
  addressStart,
}: RecordView): Buffer | undefined {
  const named = findHeader(buffer, headerStart, headerEnd, messageHeader.key)
  if (named !== undefined) return toKafkaValue(named) ?? undefined
  return impliedKey(buffer, addressStart)
}

/**
 * The routing key of the address (exchange ‖ routing key) at `start`. An empty one is no key: all
 * that fanout exchanges take would end up in one partition.
 */
export function impliedKey(address: Buffer, start: number): Buffer | undefined {
  const exchangeSize = address[start]!
  const keyStart = start + 2 + exchangeSize
  const keySize = address[keyStart - 1]!
  if (exchangeSize === 0 || keySize === 0) return undefined
  return address.subarray(keyStart, keyStart + keySize)
}
