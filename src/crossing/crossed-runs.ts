import { crossingLimits } from '../limits/crossing.ts'
import type { Log } from '../log/log.ts'
import type { Run } from '../log/run.ts'

/** Which runs keep their other form: the ones converted last, as many as fit. The rest is released. */
export class CrossedRuns {
  #crossed: Run[] = []
  /** The logs of those that are parts of batches, -1 for the others. */
  #logIds: number[] = []
  /** Everything before this index is given up. */
  #head = 0
  #size = 0
  readonly #parts = new Map<number, Run[]>()

  /** The last one stays whatever its size, or its reader would convert it for every record. */
  keep(run: Run, crossed: Run): void {
    run.crossed = crossed
    this.#add(crossed, -1)
  }

  /** Keeps a part of a batch, which readers at several places of it may want. */
  keepPart(log: Log, part: Run): void {
    const siblings = this.#parts.get(log.id)
    if (siblings === undefined) this.#parts.set(log.id, [part])
    else siblings.push(part)
    this.#add(part, log.id)
  }

  /** The part that stands for `offset`. */
  findPart(log: Log, offset: number): Run | undefined {
    const parts = this.#parts.get(log.id)
    return parts?.find((part) => part.baseOffset <= offset && offset <= part.lastOffset)
  }

  #add(crossed: Run, logId: number): void {
    this.#crossed.push(crossed)
    this.#logIds.push(logId)
    this.#size += crossed.buffer.length
    while (
      this.#size > crossingLimits.crossedRunsSizeMax &&
      this.#head < this.#crossed.length - 1
    ) {
      this.#giveUpFirst()
    }
    if (this.#head * 2 > this.#crossed.length) this.#compact()
  }

  #giveUpFirst(): void {
    const crossed = this.#crossed[this.#head] as Run
    const logId = this.#logIds[this.#head] as number
    this.#head++
    this.#size -= crossed.buffer.length
    if (logId >= 0) this.#forgetPart(logId, crossed)
    crossed.release()
  }

  #forgetPart(logId: number, part: Run): void {
    const kept = this.#parts.get(logId)?.filter((other) => other !== part) ?? []
    if (kept.length > 0) this.#parts.set(logId, kept)
    else this.#parts.delete(logId)
  }

  #compact(): void {
    this.#crossed = this.#crossed.slice(this.#head)
    this.#logIds = this.#logIds.slice(this.#head)
    this.#head = 0
  }
}
