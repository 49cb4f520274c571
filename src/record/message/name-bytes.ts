// Names are bytes to RabbitMQ, and text here: UTF-8 as everywhere, and bytes that are none as text that no
// UTF-8 has. So they can be compared and kept in maps, and become the same bytes again.
import { isUtf8 } from 'node:buffer'
import type { FieldValue } from './field-table.ts'

/** The text of `bytes[start, end)`: the same for the same bytes, and another for others. */
export function nameFromBytes(bytes: Buffer, start = 0, end: number = bytes.length): string {
  const text = bytes.toString('utf8', start, end)
  if (!text.includes('\ufffd') || isUtf8(bytes.subarray(start, end))) return text
  return bytes.toString('latin1', start, end).replaceAll(/[\x80-\xff]/g, toLoneSurrogate)
}

/** What to write for a name: a text, or bytes where they are not UTF-8. */
export function bytesOfName(name: string): string | Buffer {
  // Half a surrogate pair that came by JSON stands for nothing.
  if (name.isWellFormed() || !/^[\0-\x7f\udc80-\udcff]*$/.test(name)) return name
  // The lower byte of each unit.
  return Buffer.from(name, 'latin1')
}

/** Bytes of a name as it is written. */
export function sizeOfName(name: string): number {
  const size = Buffer.byteLength(name)
  // Most are ASCII.
  return size === name.length ? size : Buffer.byteLength(bytesOfName(name))
}

/** What to write for a text of several parts, some of which may be such names. */
export function bytesOfText(text: string): string | Buffer {
  if (text.isWellFormed()) return text
  const parts = text.split(/([\udc80-\udcff]+)/u)
  return Buffer.concat(parts.map((part) => Buffer.from(bytesOfName(part) as string)))
}

/** The name that a longstr has; undefined for every other value. */
export function nameOf(field: FieldValue | undefined): string | undefined {
  if (field?.type !== 'longstr') return undefined
  return typeof field.value === 'string' ? field.value : nameFromBytes(field.value)
}

/** Half of a surrogate pair, which decoding UTF-8 never gives. */
function toLoneSurrogate(byte: string): string {
  return String.fromCharCode(0xdc00 + byte.charCodeAt(0))
}
