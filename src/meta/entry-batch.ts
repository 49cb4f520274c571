// Log entries on their way to the view's writer: many in one piece of memory, because a buffer and
// a message to the writer for each would cost several times the entries themselves.
//
//   | size (u32) | entry | …

const sizeBytes = 4
const firstPieceSize = 4096
const pieceSizeMax = 64 * 1024

/** What the writer gets: entries in order, to be applied in one transaction. */
export interface PackedEntries {
  /** Sequence of the last one. */
  readonly lastSequence: number
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Entries in order, in a few pieces of memory: one that grew by copying would be mostly garbage. */
export class EntryBatch {
  /** Those that are full, as far as they are. */
  readonly #full: Buffer[] = []
  #piece: Buffer = Buffer.allocUnsafeSlow(firstPieceSize)
  /** Bytes used of the last piece. */
  #filled = 0
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
    const needed = sizeBytes + entry.length
    if (this.#filled + needed > this.#piece.length) this.#beginPiece(needed)
    this.#piece.writeUInt32BE(entry.length, this.#filled)
    this.#piece.set(entry, this.#filled + sizeBytes)
    this.#filled += needed
    this.#size += needed
    this.#count++
    this.#lastSequence = sequence
  }

  /** A copy of what was added so far. */
  pack(): PackedEntries {
    const bytes = new Uint8Array(this.#size)
    let at = 0
    for (const piece of [...this.#full, this.#piece.subarray(0, this.#filled)]) {
      bytes.set(piece, at)
      at += piece.length
    }
    return { lastSequence: this.#lastSequence, bytes }
  }

  #beginPiece(needed: number): void {
    this.#full.push(this.#piece.subarray(0, this.#filled))
    const usual = Math.min(this.#piece.length * 2, pieceSizeMax)
    this.#piece = Buffer.allocUnsafeSlow(Math.max(needed, usual))
    this.#filled = 0
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
