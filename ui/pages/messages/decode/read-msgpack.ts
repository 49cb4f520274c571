// MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md).
import { ByteReader, numberText, textOf } from './byte-reader.ts'
import { DecodeError, depthMax, type Entry, lineOf, type Tree } from './tree.ts'

/** Throws `DecodeError` for what is no MessagePack, and for more than one value. */
export function readMsgpack(bytes: Uint8Array): Tree {
  const reader = new ByteReader(bytes)
  const tree = readValue(reader, 0)
  if (reader.left > 0) throw new DecodeError(`${reader.left} bytes come behind the value`)
  return tree
}

const number = (value: number | bigint): Tree => ({
  kind: 'number',
  text: typeof value === 'bigint' ? String(value) : numberText(value),
})
const word = (text: string): Tree => ({ kind: 'word', text })

type Read = (reader: ByteReader, depth: number) => Tree

/** By the first byte, from 0xc0 on. */
const readers: Readonly<Record<number, Read>> = {
  0xc0: () => word('null'),
  0xc2: () => word('false'),
  0xc3: () => word('true'),
  0xc4: (reader) => binary(reader, reader.u8()),
  0xc5: (reader) => binary(reader, reader.u16()),
  0xc6: (reader) => binary(reader, reader.u32()),
  0xc7: (reader) => extension(reader, reader.u8()),
  0xc8: (reader) => extension(reader, reader.u16()),
  0xc9: (reader) => extension(reader, reader.u32()),
  0xca: (reader) => number(reader.f32()),
  0xcb: (reader) => number(reader.f64()),
  0xcc: (reader) => number(reader.u8()),
  0xcd: (reader) => number(reader.u16()),
  0xce: (reader) => number(reader.u32()),
  0xcf: (reader) => number(reader.u64()),
  0xd0: (reader) => number(reader.i8()),
  0xd1: (reader) => number(reader.i16()),
  0xd2: (reader) => number(reader.i32()),
  0xd3: (reader) => number(reader.i64()),
  0xd4: (reader) => extension(reader, 1),
  0xd5: (reader) => extension(reader, 2),
  0xd6: (reader) => extension(reader, 4),
  0xd7: (reader) => extension(reader, 8),
  0xd8: (reader) => extension(reader, 16),
  0xd9: (reader) => text(reader, reader.u8()),
  0xda: (reader) => text(reader, reader.u16()),
  0xdb: (reader) => text(reader, reader.u32()),
  0xdc: (reader, depth) => list(reader, reader.u16(), depth),
  0xdd: (reader, depth) => list(reader, reader.u32(), depth),
  0xde: (reader, depth) => map(reader, reader.u16(), depth),
  0xdf: (reader, depth) => map(reader, reader.u32(), depth),
}

function readValue(reader: ByteReader, depth: number): Tree {
  if (depth > depthMax) throw new DecodeError(`more than ${depthMax} levels`)
  const first = reader.u8()
  if (first < 0x80) return number(first)
  if (first < 0x90) return map(reader, first & 15, depth)
  if (first < 0xa0) return list(reader, first & 15, depth)
  if (first < 0xc0) return text(reader, first & 31)
  if (first >= 0xe0) return number(first - 256)
  const read = readers[first]
  if (read === undefined) throw new DecodeError(`no value begins with ${first.toString(16)}`)
  return read(reader, depth)
}

function text(reader: ByteReader, size: number): Tree {
  const bytes = reader.take(size)
  const found = textOf(bytes)
  return found === undefined ? { kind: 'bytes', bytes } : { kind: 'text', text: found }
}

function binary(reader: ByteReader, size: number): Tree {
  return { kind: 'bytes', bytes: reader.take(size) }
}

function list(reader: ByteReader, count: number, depth: number): Tree {
  // Each takes a byte at least.
  if (count > reader.left) throw new DecodeError('it ends too early')
  return { kind: 'list', items: Array.from({ length: count }, () => readValue(reader, depth + 1)) }
}

function map(reader: ByteReader, count: number, depth: number): Tree {
  if (count * 2 > reader.left) throw new DecodeError('it ends too early')
  const entries: Entry[] = []
  for (let index = 0; index < count; index++) {
    const key = readValue(reader, depth + 1)
    const label = key.kind === 'text' ? key.text : lineOf(key, 200)
    entries.push({ label, value: readValue(reader, depth + 1) })
  }
  return { kind: 'map', entries }
}

function extension(reader: ByteReader, size: number): Tree {
  const type = reader.i8()
  const bytes = reader.take(size)
  const time = type === -1 ? timeOf(bytes) : undefined
  if (time !== undefined) {
    return { kind: 'tagged', tag: 'timestamp', value: { kind: 'text', text: time } }
  }
  return { kind: 'tagged', tag: `extension ${type}`, value: { kind: 'bytes', bytes } }
}

/** Timestamps of 32, 64 and 96 bits. */
function timeOf(bytes: Uint8Array): string | undefined {
  const reader = new ByteReader(bytes)
  let seconds: number
  let nanoseconds = 0
  if (bytes.length === 4) seconds = reader.u32()
  else if (bytes.length === 8) {
    const value = reader.u64()
    nanoseconds = Number(value >> 34n)
    seconds = Number(value & 0x3_ffff_ffffn)
  } else if (bytes.length === 12) {
    nanoseconds = reader.u32()
    seconds = Number(reader.i64())
  } else return undefined
  const date = new Date(seconds * 1000)
  if (Number.isNaN(date.getTime()) || nanoseconds > 999_999_999) return undefined
  const whole = date.toISOString().slice(0, -5)
  return nanoseconds === 0 ? `${whole}Z` : `${whole}.${String(nanoseconds).padStart(9, '0')}Z`
}
