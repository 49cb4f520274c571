// Topology entries that are in no topology file yet, encoded as every checkpoint repeats them. Pieces of
// memory instead of an object for each entry: there may be some ten thousand.
import type { EncodedEntries } from '../commit.ts'
import { EntryWriter } from './entry-writer.ts'

/** Small beside a slice of a checkpoint. */
const pieceSizeMax = 16 * 1024

interface Piece {
  readonly entries: EncodedEntries
  readonly lastSequence: number
}

/** Iterates in order, over everything that is in it when the iteration comes there. */
export class TopologyTail implements Iterable<EncodedEntries> {
  /** Those that are full. */
  #pieces: Piece[] = []
  #size = 0
  readonly #last = new EntryWriter()
  #lastSequence = 0

  /** Bytes of all entries. */
  get size(): number {
    return this.#size + this.#last.size
  }

  /** Copies `bytes`. Sequences rise. */
  add(sequence: number, bytes: Buffer): void {
    if (this.#last.size > 0 && this.#last.size + bytes.length > pieceSizeMax) this.#closePiece()
    this.#last.topology(sequence, bytes)
    this.#lastSequence = sequence
  }

  /** Later entries are in no piece with those that are there: a `dropThrough` of these forgets them all. */
  cut(): void {
    if (this.#last.size > 0) this.#closePiece()
  }

  /** Forgets entries up to `sequence`; those in one piece with a later one may stay. */
  dropThrough(sequence: number): void {
    // Whoever iterates goes on over the pieces that were there.
    this.#pieces = this.#pieces.filter((piece) => piece.lastSequence > sequence)
    this.#size = this.#pieces.reduce((sum, { entries }) => sum + entries.bytes.length, 0)
    if (this.#lastSequence <= sequence) this.#last.reset(0)
  }

  *[Symbol.iterator](): Iterator<EncodedEntries> {
    for (const { entries } of this.#pieces) yield entries
    if (this.#last.size > 0) yield this.#encodedLast()
  }

  #closePiece(): void {
    const entries = this.#encodedLast()
    this.#pieces.push({ entries, lastSequence: this.#lastSequence })
    this.#size += entries.bytes.length
    this.#last.reset(0)
  }

  #encodedLast(): EncodedEntries {
    const { bytes, size, count } = this.#last
    return { bytes: Buffer.from(bytes.subarray(0, size)), count }
  }
}
