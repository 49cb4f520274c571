// CBOR (RFC 8949).
import { ByteReader, numberText, textOf } from './byte-reader.ts'
import { DecodeError, depthMax, type Entry, lineOf, type Tree } from './tree.ts'

/** Throws `DecodeError` for what is no CBOR, and for more than one value. */
export function readCbor(bytes: Uint8Array): Tree {
  const reader = new ByteReader(bytes)
  const tree = readValue(reader, 0)
  if (tree === stop) throw new DecodeError('it ends before it begins')
  if (reader.left > 0) throw new DecodeError(`${reader.left} bytes come behind the value`)
  return tree
}

/** Ends what has no length. */
const stop: Tree = { kind: 'word', text: 'break' }

const number = (value: number | bigint): Tree => ({
  kind: 'number',
  text: typeof value === 'bigint' ? String(value) : numberText(value),
})

interface Head {
  readonly major: number
  readonly info: number
  /** Undefined where there is no length. */
  readonly argument: number | bigint | undefined
}

function readHead(reader: ByteReader): Head {
  const first = reader.u8()
  const info = first & 31
  return { major: first >> 5, info, argument: argumentOf(reader, info) }
}

function argumentOf(reader: ByteReader, info: number): number | bigint | undefined {
  if (info < 24) return info
  switch (info) {
    case 24:
      return reader.u8()
    case 25:
      return reader.u16()
    case 26:
      return reader.u32()
    case 27:
      return reader.u64()
    case 31:
      return undefined
    default:
      throw new DecodeError(`a length of kind ${info} is not there`)
  }
}

function readValue(reader: ByteReader, depth: number): Tree {
  if (depth > depthMax) throw new DecodeError(`more than ${depthMax} levels`)
  const at = reader.at
  const head = readHead(reader)
  const { major, argument } = head
  switch (major) {
    case 0:
      return number(given(argument))
    case 1:
      return number(-1n - BigInt(given(argument)))
    case 2:
      return { kind: 'bytes', bytes: stretch(reader, head) }
    case 3:
      return textValue(reader, head)
    case 4:
      return { kind: 'list', items: itemsOf(reader, argument, depth) }
    case 5:
      return mapOf(reader, argument, depth)
    case 6:
      return tagged(given(argument), readValue(reader, depth + 1))
    default:
      return simple(reader, head, at)
  }
}

function given(argument: number | bigint | undefined): number | bigint {
  if (argument === undefined) throw new DecodeError('a number has no end')
  return argument
}

function textValue(reader: ByteReader, head: Head): Tree {
  const bytes = stretch(reader, head)
  const text = textOf(bytes)
  return text === undefined ? { kind: 'bytes', bytes } : { kind: 'text', text }
}

/** Of one piece, or of several until the break. */
function stretch(reader: ByteReader, { major, argument }: Head): Uint8Array {
  if (argument !== undefined) return reader.take(Number(argument))
  const pieces: Uint8Array[] = []
  for (;;) {
    const head = readHead(reader)
    if (head.major === 7 && head.info === 31) break
    if (head.major !== major || head.argument === undefined) {
      throw new DecodeError('a piece is of another kind')
    }
    pieces.push(reader.take(Number(head.argument)))
  }
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

function itemsOf(reader: ByteReader, argument: number | bigint | undefined, depth: number): Tree[] {
  if (argument !== undefined && argument > reader.left) throw new DecodeError('it ends too early')
  const items: Tree[] = []
  const count = argument === undefined ? Infinity : Number(argument)
  while (items.length < count) {
    const item = readValue(reader, depth + 1)
    if (item === stop) {
      if (argument === undefined) return items
      throw new DecodeError('it ends too early')
    }
    items.push(item)
  }
  return items
}

function mapOf(reader: ByteReader, argument: number | bigint | undefined, depth: number): Tree {
  const count = argument === undefined ? undefined : BigInt(argument) * 2n
  const items = itemsOf(reader, count, depth)
  if (items.length % 2 === 1) throw new DecodeError('a key has no value')
  const entries: Entry[] = []
  for (let index = 0; index < items.length; index += 2) {
    const key = items[index]!
    const label = key.kind === 'text' ? key.text : lineOf(key, 200)
    entries.push({ label, value: items[index + 1]! })
  }
  return { kind: 'map', entries }
}

function simple(reader: ByteReader, { info, argument }: Head, at: number): Tree {
  const view = new DataView(reader.bytes.buffer, reader.bytes.byteOffset + at + 1)
  switch (info) {
    case 20:
    case 21:
      return { kind: 'word', text: String(info === 21) }
    case 22:
      return { kind: 'word', text: 'null' }
    case 23:
      return { kind: 'word', text: 'undefined' }
    case 25:
      return number(halfOf(view.getUint16(0)))
    case 26:
      return number(view.getFloat32(0))
    case 27:
      return number(view.getFloat64(0))
    case 31:
      return stop
    default:
      return { kind: 'word', text: `simple(${argument})` }
  }
}

/** A float of 16 bits (RFC 8949, appendix D). */
function halfOf(bits: number): number {
  const exponent = (bits >> 10) & 31
  const mantissa = bits & 1023
  const sign = bits & 0x8000 ? -1 : 1
  if (exponent === 0) return sign * mantissa * 2 ** -24
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : Number.NaN
  return sign * (mantissa + 1024) * 2 ** (exponent - 25)
}

const tagNames: Readonly<Record<string, string>> = {
  0: 'date',
  1: 'time',
  2: 'large number',
  3: 'large negative number',
  24: 'CBOR',
  32: 'URI',
  37: 'UUID',
}

function tagged(tag: number | bigint, value: Tree): Tree {
  if (value === stop) throw new DecodeError('a tag has no value')
  if ((tag === 2 || tag === 3) && value.kind === 'bytes') {
    const digits = Array.from(value.bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
    const whole = BigInt(`0x${digits || '0'}`)
    return number(tag === 2 ? whole : -1n - whole)
  }
  if (tag === 1 && value.kind === 'number') {
    const date = new Date(Number(value.text) * 1000)
    if (!Number.isNaN(date.getTime())) {
      return { kind: 'tagged', tag: 'time', value: { kind: 'text', text: date.toISOString() } }
    }
  }
  return { kind: 'tagged', tag: tagNames[String(tag)] ?? `tag ${tag}`, value }
}
