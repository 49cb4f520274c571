// The end of the log that nothing proves to be on the disk. After a failed sync the system takes what it has in
// memory for written: another process reads it there, a sync of it succeeds and does nothing, and a power
// cut takes it. So a start that finds such commits writes them again before it syncs.
import { logLimits } from '../../limits/log.ts'
import type { DecodedCommit } from './commit-decoder.ts'
import { readAt, syncFile, writeAt } from './file-operations.ts'
import type { Segment } from './segment.ts'

interface Unproven {
  readonly segment: Segment
  readonly sequence: number
  /** Where it begins in its file, with all that comes before it if it is the first there. */
  readonly position: number
}

export class UnprovenTail {
  /** What the log itself says was synced. */
  #syncedThrough: number
  /** In the order of the log. */
  readonly #commits: Unproven[] = []

  /** `syncedThrough`: as the manifest says. */
  constructor(syncedThrough: number) {
    this.#syncedThrough = syncedThrough
  }

  /** To be called for all good commits in their order. */
  add(segment: Segment, { sequence, position, syncedThrough }: DecodedCommit): void {
    this.#syncedThrough = Math.max(this.#syncedThrough, syncedThrough)
    if (sequence > this.#syncedThrough) {
      const isFirst = sequence === segment.firstSequence
      this.#commits.push({ segment, sequence, position: isFirst ? 0 : position })
    }
    while (this.#commits[0] !== undefined && this.#commits[0].sequence <= this.#syncedThrough) {
      this.#commits.shift()
    }
  }

  /** From then on a crash leaves all commits of an open file. */
  async makeDurable(segment: Segment): Promise<void> {
    const { file, dataEnd } = segment
    const first = this.#commits.find((commit) => commit.segment === segment)
    const step = logLimits.sequentialReadSize
    for (let at = first?.position ?? dataEnd; at < dataEnd; at += step) {
      await writeAt(file, await readAt(file, at, Math.min(step, dataEnd - at)), at)
    }
    await syncFile(file)
  }
}
