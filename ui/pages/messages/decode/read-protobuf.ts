// Protobuf without its schema (https://protobuf.dev/programming-guides/encoding): fields by their numbers. What a
// stretch of bytes is, is a guess: a message where it reads as one, else text, else bytes.
import { ByteReader, controlsIn, textOf } from './byte-reader.ts'
import { DecodeError, type Entry, type Tree } from './tree.ts'

const depthMax = 32

/** Throws `DecodeError` for what is none. */
export function readProtobuf(bytes: Uint8Array): Tree {
  return readFields(bytes, 0)
}

function readFields(bytes: Uint8Array, depth: number): Tree {
  if (depth > depthMax) throw new DecodeError(`more than ${depthMax} levels`)
  const reader = new ByteReader(bytes)
  const entries: Entry[] = []
  while (reader.left > 0) {
    const key = readVarint(reader)
    const field = key >> 3n
    if (field === 0n || field > 536_870_911n) throw new DecodeError('no field has this number')
    entries.push({ label: String(field), value: readField(reader, Number(key & 7n), depth) })
  }
  return { kind: 'map', entries }
}

function readField(reader: ByteReader, type: number, depth: number): Tree {
  switch (type) {
    case 0:
      return { kind: 'number', text: String(readVarint(reader)) }
    case 1:
      return { kind: 'tagged', tag: '64 bits', value: { kind: 'bytes', bytes: reader.take(8) } }
    case 2:
      return stretch(reader.take(Number(readVarint(reader))), depth)
    case 5:
      return { kind: 'tagged', tag: '32 bits', value: { kind: 'bytes', bytes: reader.take(4) } }
    default:
      throw new DecodeError(`no field is of type ${type}`)
  }
}

function stretch(bytes: Uint8Array, depth: number): Tree {
  const text = textOf(bytes)
  if (text !== undefined && controlsIn(text) === 0) {
    return { kind: 'text', text }
  }
  try {
    return readFields(bytes, depth + 1)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return { kind: 'bytes', bytes }
  }
}

/** At most ten bytes, seven bits each, the lowest first. */
export function readVarint(reader: ByteReader): bigint {
  let value = 0n
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.u8()
    value |= BigInt(byte & 127) << shift
    if (byte < 128) return BigInt.asUintN(64, value)
  }
  throw new DecodeError('a number has no end')
}
