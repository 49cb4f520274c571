import { recordLimits } from '../limits/record.ts'
import { OpenedBatch } from './opened-batch.ts'

/** The batches whose readers came last: who reads one in parts does so from its beginning to its end. */
export class OpenedBatches {
  /** By name, in order of use. */
  readonly #batches = new Map<string, OpenedBatch>()
  #size = 0

  get names(): readonly string[] {
    return [...this.#batches.keys()]
  }

  /** The batch of that name; `bytes` must be given unless it is in `names`. Throws CodecError. */
  open(name: string, bytes: Buffer | undefined): OpenedBatch {
    let batch = this.#batches.get(name)
    if (batch === undefined) {
      if (bytes === undefined) throw new Error(`the batch ${name} is not here`)
      batch = new OpenedBatch(bytes, recordLimits.decompressedSizeMax)
      this.#size += batch.size
    }
    this.#batches.delete(name)
    this.#batches.set(name, batch)
    for (const [oldest, { size }] of this.#batches) {
      if (this.#size <= recordLimits.decompressedSizeMax || oldest === name) break
      this.#batches.delete(oldest)
      this.#size -= size
    }
    return batch
  }
}
