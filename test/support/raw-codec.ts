// Bytes of AMQP 0-9-1 for the raw test client: frames, method arguments, field tables. Simple, not
// fast, and independent of the broker's codec.

import { isUtf8 } from 'node:buffer'
import { findRawMethod, rawMethod, type RawFieldType } from './raw-methods.ts'

/** Argument of a method. A table is given and received as its encoded content, without the length. */
export type RawValue = number | string | boolean | Buffer
export type RawArguments = Readonly<Record<string, RawValue>>

/** One field of a table: its type octet and its value. */
export type RawField = readonly [type: string, value: RawFieldValue]
export type RawFieldValue =
  | number
  | bigint
  | string
  | boolean
  | Buffer
  | RawField[]
  | RawTable
  | undefined
export interface RawTable {
  readonly [name: string]: RawField
}

export const FRAME_METHOD = 1
export const FRAME_HEADER = 2
export const FRAME_BODY = 3
export const FRAME_HEARTBEAT = 8
export const FRAME_END = 0xce

export function encodeFrame(type: number, channel: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(7)
  head.writeUInt8(type, 0)
  head.writeUInt16BE(channel, 1)
  head.writeUInt32BE(payload.length, 3)
  return Buffer.concat([head, payload, Buffer.from([FRAME_END])])
}

export function shortstr(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}

export function longstr(bytes: Buffer | string): Buffer {
  const content = Buffer.from(bytes)
  return Buffer.concat([uint32(content.length), content])
}

export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function uint64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

/** Content of a field table, without its length. */
export function encodeTable(table: RawTable): Buffer {
  const fields = Object.entries(table).map(([name, field]) =>
    Buffer.concat([shortstr(name), encodeField(field)]),
  )
  return Buffer.concat(fields)
}

function encodeField([type, value]: RawField): Buffer {
  return Buffer.concat([Buffer.from(type, 'latin1'), encodeFieldValue(type, value)])
}

function encodeFieldValue(type: string, value: RawFieldValue): Buffer {
  if (Buffer.isBuffer(value)) return type === 'S' || type === 'x' ? longstr(value) : value
  if (type === 'S' || type === 'x') return longstr(value as string)
  if (type === 't') return Buffer.from([value ? 1 : 0])
  if (type === 'V') return Buffer.alloc(0)
  if (type === 'F') return longstr(encodeTable(value as RawTable))
  if (type === 'A') return longstr(Buffer.concat((value as RawField[]).map(encodeField)))
  return encodeNumber(type, value as number | bigint)
}

function encodeNumber(type: string, value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8)
  const number = Number(value)
  if (type === 'b') return bytes.subarray(0, bytes.writeInt8(number))
  if (type === 'B') return bytes.subarray(0, bytes.writeUInt8(number))
  if (type === 's') return bytes.subarray(0, bytes.writeInt16BE(number))
  if (type === 'u') return bytes.subarray(0, bytes.writeUInt16BE(number))
  if (type === 'I') return bytes.subarray(0, bytes.writeInt32BE(number))
  if (type === 'i') return bytes.subarray(0, bytes.writeUInt32BE(number))
  if (type === 'f') return bytes.subarray(0, bytes.writeFloatBE(number))
  if (type === 'd') return bytes.subarray(0, bytes.writeDoubleBE(number))
  if (type === 'T') return bytes.subarray(0, bytes.writeBigUInt64BE(BigInt(value)))
  return bytes.subarray(0, bytes.writeBigInt64BE(BigInt(value)))
}

/** Top-level fields of a table's content that are strings, booleans or tables; others are skipped. */
export function decodeTable(content: Buffer): Record<string, string | boolean | Buffer> {
  const fields: Record<string, string | boolean | Buffer> = {}
  let at = 0
  while (at < content.length) {
    const nameEnd = at + 1 + content.readUInt8(at)
    const name = content.toString('utf8', at + 1, nameEnd)
    const type = String.fromCharCode(content.readUInt8(nameEnd))
    at = nameEnd + 1
    if (type === 't') {
      fields[name] = content.readUInt8(at) === 1
      at += 1
    } else if ('SFAx'.includes(type)) {
      const end = at + 4 + content.readUInt32BE(at)
      const bytes = content.subarray(at + 4, end)
      fields[name] = type === 'S' ? bytes.toString() : Buffer.from(bytes)
      at = end
    } else {
      at += fixedSize(type)
    }
  }
  return fields
}

function fixedSize(type: string): number {
  if (type === 'V') return 0
  if ('bB'.includes(type)) return 1
  if ('su'.includes(type)) return 2
  if ('Iif'.includes(type)) return 4
  if (type === 'D') return 5
  return 8
}

/** Method frame payload; arguments that are not given are zero, empty or false. */
export function encodeMethod(name: string, given: RawArguments = {}): Buffer {
  const spec = rawMethod(name)
  const parts = [uint16(spec.classId), uint16(spec.methodId)]
  let bits: Buffer | undefined
  let bit = 0
  for (const field of spec.fields) {
    const value = given[field.name]
    if (field.type !== 'bit') {
      bits = undefined
      parts.push(encodeArgument(field.type, value))
      continue
    }
    if (!bits) {
      bits = Buffer.alloc(1)
      bit = 0
      parts.push(bits)
    }
    if (value) bits[0] = (bits[0] ?? 0) | (1 << bit)
    bit += 1
  }
  return Buffer.concat(parts)
}

function encodeArgument(type: RawFieldType, value: RawValue | undefined): Buffer {
  if (type === 'shortstr') return shortstr(Buffer.isBuffer(value) ? value : String(value ?? ''))
  if (type === 'longstr' || type === 'table') return longstr(Buffer.from((value ?? '') as Buffer))
  const number = Number(value ?? 0)
  if (type === 'octet') return Buffer.from([number])
  if (type === 'short') return uint16(number)
  if (type === 'long') return uint32(number)
  return uint64(number)
}

export interface RawMethodFrame {
  readonly kind: 'method'
  readonly channel: number
  readonly name: string
  readonly args: Record<string, RawValue>
}

/** Decodes a method frame's payload. */
export function decodeMethod(channel: number, payload: Buffer): RawMethodFrame {
  const classId = payload.readUInt16BE(0)
  const methodId = payload.readUInt16BE(2)
  const spec = findRawMethod(classId, methodId)
  if (!spec) throw new RangeError(`Unknown method from the server: received ${classId}.${methodId}`)
  const args: Record<string, RawValue> = {}
  let at = 4
  let bit = -1
  for (const field of spec.fields) {
    if (field.type === 'bit') {
      bit += 1
      if (bit === 0) at += 1
      args[field.name] = (payload.readUInt8(at - 1) & (1 << bit)) !== 0
      continue
    }
    bit = -1
    const [value, size] = decodeArgument(field.type, payload, at)
    args[field.name] = value
    at += size
  }
  return { kind: 'method', channel, name: spec.name, args }
}

function decodeArgument(type: RawFieldType, payload: Buffer, at: number): [RawValue, number] {
  if (type === 'octet') return [payload.readUInt8(at), 1]
  if (type === 'short') return [payload.readUInt16BE(at), 2]
  if (type === 'long') return [payload.readUInt32BE(at), 4]
  if (type === 'longlong') return [Number(payload.readBigUInt64BE(at)), 8]
  if (type === 'shortstr') {
    const size = payload.readUInt8(at)
    const bytes = payload.subarray(at + 1, at + 1 + size)
    return [isUtf8(bytes) ? bytes.toString() : Buffer.from(bytes), 1 + size]
  }
  const size = payload.readUInt32BE(at)
  return [Buffer.from(payload.subarray(at + 4, at + 4 + size)), 4 + size]
}
