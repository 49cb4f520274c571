// Log entries on their way to the view's writer: one piece of memory for many, because a buffer and
// a message to the writer for each would cost several times the entries themselves.
//
//   | size (u32) | entry | …

const sizeBytes = 4
const firstCapacity = 4096

/** What the writer gets: entries in order, to be applied in one transaction. */
export interface PackedEntries {
  /** Sequence of the last one. */
  readonly lastSequence: number
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Entries in order, in one piece of memory. */
export class EntryBatch {
  #bytes: Buffer = Buffer.allocUnsafeSlow(firstCapacity)
  #size = 0
  #count = 0
  #lastSequence = 0

  get count(): number {
    return this.#count
  }

  /** Bytes of all entries. */
  get size(): number {
    return this.#size
  }

  get lastSequence(): number {
    return this.#lastSequence
  }

  /** Copies `entry`. */
  add(sequence: number, entry: Uint8Array): void {
    const end = this.#size + sizeBytes + entry.length
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, this.#size)
      this.#bytes = larger
    }
    this.#bytes.writeUInt32BE(entry.length, this.#size)
    this.#bytes.set(entry, this.#size + sizeBytes)
    this.#size = end
    this.#count++
    this.#lastSequence = sequence
  }

  /** A copy of what was added so far. */
  pack(): PackedEntries {
    const bytes = new Uint8Array(this.#bytes.subarray(0, this.#size))
    return { lastSequence: this.#lastSequence, bytes }
  }
}

/** The entries of a batch, as views of its bytes. */
export function* unpackEntries({ bytes }: PackedEntries): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.byteLength;) {
    const start = at + sizeBytes
    at = start + view.getUint32(at)
    yield bytes.subarray(start, at)
  }
}
