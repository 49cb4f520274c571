// What a payload is: found out by its content type and by its bytes. Says what it took it for, since it may be wrong.
import { ByteReader, controlsIn, textOf } from './byte-reader.ts'
import { readCbor } from './read-cbor.ts'
import { readJson } from './read-json.ts'
import { readMsgpack } from './read-msgpack.ts'
import { readProtobuf, readVarint } from './read-protobuf.ts'
import { DecodeError, type Tree } from './tree.ts'

export type Format = 'JSON' | 'MessagePack' | 'CBOR' | 'Protobuf' | 'text' | 'binary' | 'empty'

export interface Decoded {
  readonly format: Format
  /** What is in it, where that is known. */
  readonly tree?: Tree | undefined
  /** As UTF-8, where it is some. */
  readonly text?: string | undefined
  /** The bytes that are shown as hex: those behind a schema registry's mark. */
  readonly bytes: Uint8Array
  /** Of a schema registry, which the first five bytes name. */
  readonly schemaId?: number | undefined
  /** Not all of it is here. */
  readonly isCut: boolean
}

export interface PayloadFacts {
  readonly contentType: string
  /** Not all of it is here. */
  readonly isCut: boolean
}

/** Never throws: what nothing fits is binary. */
export function decodePayload(bytes: Uint8Array, facts: PayloadFacts): Decoded {
  const { isCut } = facts
  if (bytes.length === 0) return { format: 'empty', bytes, isCut }
  const type = facts.contentType.toLowerCase()
  const named = byType(bytes, type, isCut)
  if (named !== undefined) return named
  const text = textIn(bytes, isCut)
  if (text !== undefined && isPrintable(text)) {
    const tree = tried(() => readJson(text, isCut))
    const isScalar = tree === undefined || tree.kind === 'text' || tree.kind === 'number'
    return {
      format: isScalar ? 'text' : 'JSON',
      tree: isScalar ? undefined : tree,
      text,
      bytes,
      isCut,
    }
  }
  return framed(bytes, isCut) ?? guessed(bytes, text, isCut)
}

function byType(bytes: Uint8Array, type: string, isCut: boolean): Decoded | undefined {
  if (/\bmsgpack\b|messagepack/.test(type)) {
    const tree = tried(() => readMsgpack(bytes))
    return tree && { format: 'MessagePack', tree, bytes, isCut }
  }
  if (/\bcbor\b/.test(type)) {
    const tree = tried(() => readCbor(bytes))
    return tree && { format: 'CBOR', tree, bytes, isCut }
  }
  if (/protobuf/.test(type) && bytes[0] !== 0) {
    const tree = tried(() => readProtobuf(bytes))
    return tree && { format: 'Protobuf', tree, bytes, isCut }
  }
  if (/\bjson\b/.test(type)) {
    const text = textIn(bytes, isCut)
    const tree = text === undefined ? undefined : tried(() => readJson(text, isCut))
    return tree && { format: 'JSON', tree, text, bytes, isCut }
  }
  return undefined
}

/** As serializers of Confluent's and Apicurio's registries write it: 0, four bytes of the schema's id, the value. */
function framed(bytes: Uint8Array, isCut: boolean): Decoded | undefined {
  if (bytes[0] !== 0 || bytes.length < 5) return undefined
  const schemaId = new ByteReader(bytes.subarray(1)).u32()
  const value = bytes.subarray(5)
  const text = textIn(value, isCut)
  const json = text === undefined ? undefined : tried(() => readJson(text, isCut))
  if (json !== undefined && (json.kind === 'map' || json.kind === 'list')) {
    return { format: 'JSON', tree: json, text, bytes: value, schemaId, isCut }
  }
  if (schemaId === 0 || schemaId > 10_000_000) return undefined
  const tree = isCut ? undefined : tried(() => readProtobuf(withoutIndexes(value)))
  const isProtobuf = tree?.kind === 'map' && tree.entries.length > 0
  if (isProtobuf) return { format: 'Protobuf', tree, bytes: value, schemaId, isCut }
  return { format: 'binary', bytes: value, schemaId, isCut }
}

/** Which message of its schema comes before a value of Protobuf: a count, and so many numbers (zigzag). */
function withoutIndexes(bytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(bytes)
  const count = readVarint(reader) >> 1n
  if (count > 16n) throw new DecodeError('no Protobuf')
  for (let index = 0n; index < count; index++) readVarint(reader)
  return bytes.subarray(reader.at)
}

/** Binary formats have no mark: only a map or list, in which nothing is left over, is taken for one. */
function guessed(bytes: Uint8Array, text: string | undefined, isCut: boolean): Decoded {
  for (const [format, read] of [
    ['MessagePack', readMsgpack],
    ['CBOR', readCbor],
  ] as const) {
    const tree = isCut ? undefined : tried(() => read(bytes))
    if (tree?.kind === 'map' && tree.entries.length > 0) return { format, tree, text, bytes, isCut }
    if (tree?.kind === 'list' && tree.items.length > 1) return { format, tree, text, bytes, isCut }
  }
  return { format: 'binary', text, bytes, isCut }
}

/** Of a payload that was cut off, without the character that was cut. */
function textIn(bytes: Uint8Array, isCut: boolean): string | undefined {
  if (!isCut) return textOf(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, {
      stream: true,
    })
  } catch {
    return undefined
  }
}

/** Control characters in numbers say that it is no text, whatever UTF-8 says. */
function isPrintable(text: string): boolean {
  return controlsIn(text) * 50 < Math.min(text.length, 4096)
}

function tried(read: () => Tree): Tree | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof DecodeError || error instanceof RangeError) return undefined
    throw error
  }
}

/** How a payload is compressed; undefined when it is not, as far as one can tell. */
export function compressionOf(bytes: Uint8Array, contentEncoding: string): string | undefined {
  const named = contentEncoding.trim().toLowerCase().replace(/^x-/, '')
  if (['gzip', 'deflate', 'br', 'zstd'].includes(named)) return named
  if (bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8) return 'gzip'
  const isZstd = bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd
  return isZstd ? 'zstd' : undefined
}

/** What it was before; undefined where the browser cannot, or it is no such thing. At most `sizeMax` bytes. */
export async function decompress(
  bytes: Uint8Array,
  compression: string,
  sizeMax: number,
): Promise<{ readonly bytes: Uint8Array; readonly isCut: boolean } | undefined> {
  const format = compression === 'br' ? 'brotli' : compression
  try {
    const stream = new Blob([bytes as Uint8Array<ArrayBuffer>])
      .stream()
      .pipeThrough(new DecompressionStream(format as CompressionFormat))
    return await gather(stream.getReader(), sizeMax)
  } catch {
    return undefined
  }
}

async function gather(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  sizeMax: number,
): Promise<{ readonly bytes: Uint8Array; readonly isCut: boolean }> {
  const pieces: Uint8Array[] = []
  let size = 0
  let isCut = false
  while (!isCut) {
    // What was cut off ends too early: what came before that is shown.
    const next = await reader.read().catch((error: unknown) => {
      if (size === 0) throw error
      return undefined
    })
    if (next === undefined) isCut = true
    if (next?.value === undefined) break
    pieces.push(next.value)
    size += next.value.length
    isCut = size >= sizeMax
  }
  void reader.cancel().catch(() => undefined)
  const whole = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return { bytes: whole, isCut }
}

/** Bytes of a text in base64. */
export function bytesOfBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}
