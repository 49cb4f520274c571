// Arrays of Kafka's protocol, with the functions for one element that generated code passes.
import type { WireReader } from './wire-reader.ts'
import type { WireWriter } from './wire-writer.ts'

type ReadItem<T> = (reader: WireReader, version: number) => T
export type WriteItem<T> = (writer: WireWriter, value: T, version: number) => void

/**
 * An array of an answer whose items were written before, by somebody who did it in steps. It is empty
 * to everybody but `writeArray`, which puts the bytes in its place.
 */
export class WrittenArray<T> extends Array<T> {
  readonly count: number
  readonly pieces: readonly Buffer[]

  constructor(count: number, pieces: readonly Buffer[]) {
    super()
    this.count = count
    this.pieces = pieces
  }
}

/** Reads an array that may not be null. */
export function readArray<T>(reader: WireReader, version: number, readItem: ReadItem<T>): T[] {
  return reader.expectNotNull(readNullableArray(reader, version, readItem))
}

export function readNullableArray<T>(
  reader: WireReader,
  version: number,
  readItem: ReadItem<T>,
): T[] | null {
  const count = reader.arrayCount()
  if (count < 0) return null
  const items: T[] = []
  for (let index = 0; index < count; index++) items.push(readItem(reader, version))
  return items
}

export function writeArray<T>(
  writer: WireWriter,
  items: readonly T[],
  version: number,
  writeItem: WriteItem<T>,
): void {
  if (items instanceof WrittenArray) {
    writer.arrayCount(items.count)
    writer.pieces(items.pieces)
    return
  }
  writer.arrayCount(items.length)
  for (const item of items) writeItem(writer, item, version)
}

export function writeNullableArray<T>(
  writer: WireWriter,
  items: readonly T[] | null,
  version: number,
  writeItem: WriteItem<T>,
): void {
  if (items === null) writer.arrayCount(-1)
  else writeArray(writer, items, version, writeItem)
}

export function writeNullableStruct<T>(
  writer: WireWriter,
  value: T | null,
  version: number,
  writeStruct: WriteItem<T>,
): void {
  writer.present(value !== null)
  if (value !== null) writeStruct(writer, value, version)
}

export function readInt8(reader: WireReader): number {
  return reader.int8()
}

export function writeInt8(writer: WireWriter, value: number): void {
  writer.int8(value)
}

export function readInt32(reader: WireReader): number {
  return reader.int32()
}

export function writeInt32(writer: WireWriter, value: number): void {
  writer.int32(value)
}

/** Exact up to 2^53, as all of Pabal's are. */
export function readInt64(reader: WireReader): number {
  return reader.int64()
}

export function writeInt64(writer: WireWriter, value: number): void {
  writer.int64(value)
}

export function readString(reader: WireReader): string {
  return reader.string()
}

export function writeString(writer: WireWriter, value: string): void {
  writer.string(value)
}
