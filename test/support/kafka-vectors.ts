// Bytes that real Kafka clients' encoders wrote, in test/vectors/kafka/.
import { readFileSync } from 'node:fs'

/** A message as the Java client 4.3.0 encodes it; `value` has the fields of that version only. */
export interface MessageVector {
  readonly message: string
  readonly version: number
  /** Byte fields are base64. */
  readonly value: unknown
  readonly hex: string
}

/** A whole request with its size prefix. */
export interface RequestVector {
  readonly client: string
  readonly name: string
  readonly hex: string
}

export interface VectorRecord {
  readonly ts: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [key: string, value: string])[]
}

export interface BatchVectors {
  /** What every batch below holds. */
  readonly records: readonly VectorRecord[]
  readonly batches: readonly {
    readonly client: string
    readonly compression: string
    /** Base64. */
    readonly batch: string
  }[]
}

export interface MurmurVector {
  /** Hexadecimal. */
  readonly key: string
  readonly hash: number
  /** The partition of seven. */
  readonly of7: number
}

export function readMessageVectors(): readonly MessageVector[] {
  return read('messages.json')
}

export function readRequestVectors(): readonly RequestVector[] {
  return read('requests.json')
}

export function readBatchVectors(): BatchVectors {
  return read('batches.json')
}

export function readMurmurVectors(): readonly MurmurVector[] {
  return read('murmur2.json')
}

function read<T>(name: string): T {
  const url = new URL(`../vectors/kafka/${name}`, import.meta.url)
  return JSON.parse(readFileSync(url, 'utf8')) as T
}
