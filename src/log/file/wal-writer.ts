// Writes commit groups to the current WAL file, one at a time. Invariant: a group is reported only
// when all its bytes are on stable storage (durability `fsync`). A file that failed once is never
// written again: the group goes to a new file, as often as it takes.
import type { Clock } from '../../lib/clock.ts'
import { limits } from '../../limits.ts'
import type { CommitGroup } from '../commit-group.ts'
import { GroupEncoder } from './group-encoder.ts'
import type { ExtraEntries } from './group-encoder.ts'
import type { Segment } from './segment.ts'

export interface WalWriterOptions {
  readonly clock: Clock
  readonly isSynced: boolean
  readonly leaderEpoch: number
  readonly segment: Segment
  /** Everything up to this group is on stable storage. */
  readonly syncedThrough: number
  readonly fileSizeMax: number
  /** Creates and lists a new file. */
  readonly createSegment: () => Promise<Segment>
  /** Entries of the engine's own for the group that is about to be written to `segment`. */
  readonly takeExtra: (segment: Segment) => ExtraEntries | undefined
  /** The group is durable; its runs are at `runPositions` of `segment`. */
  readonly onCommitted: (
    group: CommitGroup,
    segment: Segment,
    runPositions: readonly number[],
  ) => void
  /** Nothing will be added to `segment` any more. */
  readonly onFull: (segment: Segment) => void
  /** A write or sync failed; it is tried again elsewhere. */
  readonly onTrouble: (error: Error, segment: Segment) => void
}

export class WalWriter {
  readonly #options: WalWriterOptions
  readonly #encoder = new GroupEncoder()
  #segment: Segment
  /** Created ahead of time, so that switching costs nothing. */
  #next: Segment | undefined
  #isCreatingNext = false
  #syncedThrough: number
  /** The group being written. */
  #group: CommitGroup | undefined
  #extra: ExtraEntries | undefined

  constructor(options: WalWriterOptions) {
    this.#options = options
    this.#segment = options.segment
    this.#syncedThrough = options.syncedThrough
  }

  /** The file that takes the next group, unless it is full. */
  get segment(): Segment {
    return this.#segment
  }

  /** The file created ahead of time, if any. */
  get next(): Segment | undefined {
    return this.#next
  }

  /** Writes `group`, then calls `onCommitted`. One at a time. */
  commit(group: CommitGroup): void {
    this.#group = group
    if (this.#segment.dataEnd >= this.#options.fileSizeMax) this.#switchIfReady()
    this.#extra = this.#options.takeExtra(this.#segment)
    this.#write()
  }

  #write(): void {
    const group = this.#group as CommitGroup
    const segment = this.#segment
    const place = {
      fileId: segment.id,
      salt: segment.salt,
      position: segment.dataEnd,
      leaderEpoch: this.#options.leaderEpoch,
      sequence: group.sequence,
      syncedThrough: this.#syncedThrough,
    }
    const buffers = this.#encoder.encode(group, place, this.#extra)
    if (this.#options.isSynced) segment.file.writevDurably(buffers, place.position, this.#onWritten)
    else segment.file.writev(buffers, place.position, this.#onWritten)
  }

  readonly #onWritten = (error: Error | null): void => {
    const group = this.#group as CommitGroup
    const segment = this.#segment
    if (error !== null) {
      this.#startOver(error)
      return
    }
    segment.dataEnd += this.#encoder.size
    if (segment.firstSequence === 0) segment.firstSequence = group.sequence
    segment.lastSequence = group.sequence
    const topology = group.topology.at(-1)
    if (topology !== undefined) segment.maxTopologySequence = topology.sequence
    if (this.#options.isSynced) this.#syncedThrough = group.sequence
    this.#group = undefined
    this.#extra = undefined
    if (segment.dataEnd >= this.#options.fileSizeMax / 2) this.#prepareNext()
    this.#options.onCommitted(group, segment, this.#encoder.runPositions)
  }

  #switchIfReady(): void {
    const next = this.#next
    // Without one the file grows a little more; `#prepareNext` is on its way or tried again later.
    if (next === undefined) return
    this.#next = undefined
    const full = this.#segment
    this.#segment = next
    this.#options.onFull(full)
  }

  #prepareNext(): void {
    if (this.#next !== undefined || this.#isCreatingNext) return
    this.#isCreatingNext = true
    this.#options.createSegment().then(
      (segment) => {
        this.#isCreatingNext = false
        this.#next = segment
      },
      (error: Error) => {
        this.#options.onTrouble(error, this.#segment)
        this.#options.clock.after(limits.diskRetryMs, () => {
          this.#isCreatingNext = false
        })
      },
    )
  }

  /** The current file is not trusted any more: what was being written goes to another one. */
  #startOver(error: Error): void {
    this.#options.onTrouble(error, this.#segment)
    this.#switchIfReady()
    this.#options.clock.after(limits.diskRetryMs, this.#retry)
  }

  readonly #retry = (): void => {
    this.#write()
  }
}
