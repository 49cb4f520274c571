// Small reads of blocks that are not in the cache: a start reads some bytes at the beginning and the end of each of its
// files, and a message that is looked up is one of thousands in its block. So a few pieces are fetched alone, and
// a block that is read on is fetched as a whole.
import { WorkGate } from '../../../lib/work-gate.ts'
import { objectLimits } from '../../../limits/objects.ts'

/** A block, as far as peeks know it. */
export interface PeekedBlock {
  readonly name: string
  readonly size: number
}

const pieceSize = objectLimits.peekPieceSize

export class ObjectPeeks {
  readonly #gate = new WorkGate(objectLimits.peeksAtOnceMax)
  /** By block and place; those that were fetched last. */
  readonly #pieces = new Map<string, Promise<Buffer>>()
  /** How many pieces of a block were fetched. */
  readonly #counts = new Map<string, number>()

  /** Whether such a read is to be a peek. */
  suits({ name, ...block }: PeekedBlock, from: number, size: number): boolean {
    if (block.size <= pieceSize) return false
    const isInOnePiece = Math.floor(from / pieceSize) === Math.floor((from + size - 1) / pieceSize)
    if (size === 0 || !isInOnePiece) return false
    return (this.#counts.get(name) ?? 0) < objectLimits.peeksPerBlock || this.#has(name, from)
  }

  /** Bytes of a block, from `from` in it; `fetch` gets a range of it. */
  async read(
    block: PeekedBlock,
    { from, size }: { readonly from: number; readonly size: number },
    fetch: (from: number, size: number) => Promise<Buffer>,
  ): Promise<Buffer> {
    const start = from - (from % pieceSize)
    const bytes = await this.#piece(block, start, fetch)
    return bytes.subarray(from - start, from - start + size)
  }

  /** Its bytes are not what they should be. */
  forget({ name }: Pick<PeekedBlock, 'name'>): void {
    for (const key of this.#pieces.keys()) {
      if (key.startsWith(`${name} `)) this.#pieces.delete(key)
    }
  }

  #has(name: string, from: number): boolean {
    return this.#pieces.has(keyOf(name, from - (from % pieceSize)))
  }

  #piece(
    { name, size }: PeekedBlock,
    start: number,
    fetch: (from: number, size: number) => Promise<Buffer>,
  ): Promise<Buffer> {
    const key = keyOf(name, start)
    const known = this.#pieces.get(key)
    if (known !== undefined) return known
    this.#note(name)
    const piece = this.#gate.run(() => fetch(start, Math.min(pieceSize, size - start)))
    this.#pieces.set(key, piece)
    piece.catch(() => this.#pieces.delete(key))
    forgetFirst(this.#pieces, objectLimits.peekPiecesMax)
    return piece
  }

  #note(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
    forgetFirst(this.#counts, objectLimits.peekedBlocksMax)
  }
}

function keyOf(name: string, start: number): string {
  return `${name} ${start}`
}

function forgetFirst(map: Map<string, unknown>, countMax: number): void {
  const [first] = map.keys()
  if (map.size > countMax && first !== undefined) map.delete(first)
}
