// What a message's headers say about its delay. `x-delay` is what its publisher asks for. While the
// message waits, its last two headers are `x-delay` as its receivers will see it, and when it is due;
// the latter goes when the message goes on.
//
// Source: rabbitmq-delayed-message-exchange 4.2, rabbit_delayed_message_utils.erl.
import { readInt64 } from '../../lib/int64.ts'
import type { HeaderPayload } from './add-headers.ts'
import { rangeOfProperty, readHeaders } from './content-header.ts'
import { FieldTable, type FieldValue } from './field-table.ts'
import { integerOf } from './integer-of.ts'
import { PROPERTY_HEADERS } from './properties.gen.ts'
import { replaceHeaders } from './replace-headers.ts'

export const delayHeader = 'x-delay'
/** Milliseconds since the Unix epoch. */
const dueHeader = 'x-delayed-until'
/** Length and name, type, and an integer of 64 bits. */
const dueFieldSize = 1 + dueHeader.length + 1 + 8
/** The longest delay in milliseconds, 49 days: with a longer one a message is not delayed at all. */
export const delayMsMax = 0xffff_ffff

/** How long the header asks a message to be delayed; 0 when it does not. */
export function delayMsOf(header: FieldValue | undefined): number {
  const delayMs = header === undefined ? 0 : Math.trunc(numberOf(header))
  return delayMs > 0 && delayMs <= delayMsMax ? delayMs : 0
}

/** The payload of a message that is delayed by `delayMs`, until `dueAt`. */
export function withDue(payload: HeaderPayload, delayMs: number, dueAt: number): Buffer {
  const { buffer, start, end } = payload
  const headers = readHeaders(buffer, start, end)?.entries ?? []
  const withBoth = new FieldTable([
    ...headers.filter(({ name }) => name !== delayHeader),
    // Negative: who comes after that, delays it no more.
    { name: delayHeader, value: { type: 'long', value: -delayMs } },
    { name: dueHeader, value: { type: 'long', value: dueAt } },
  ])
  return replaceHeaders(payload, withBoth, { keepsExpiration: true })
}

/** When the message is due: `withDue` wrote its content header, which starts at `start`. */
export function readDue(buffer: Buffer, start: number): number {
  return readInt64(buffer, rangeOfProperty(buffer, start, PROPERTY_HEADERS).end - 8)
}

/** What `withDue` wrote, as receivers get it. */
export function withoutDue({ buffer, start, end }: HeaderPayload): Buffer {
  const table = rangeOfProperty(buffer, start, PROPERTY_HEADERS)
  const header = Buffer.concat([
    buffer.subarray(start, table.end - dueFieldSize),
    buffer.subarray(table.end, end),
  ])
  const tableAt = table.start - start
  header.writeUInt32BE(header.readUInt32BE(tableAt) - dueFieldSize, tableAt)
  return header
}

function numberOf(header: FieldValue): number {
  if (header.type === 'float' || header.type === 'double') return header.value
  return integerOf(header) ?? 0
}
