// Keeps the topology in the log: new entries are in the WAL and in every checkpoint, until there are so
// many that all of it is written to a topology file, after which checkpoints repeat only later ones.
//
// What that costs: a checkpoint repeats at most half of what the topology file has (or a quarter of a
// mebibyte), and a file is written for every half of it that changes; so each byte of a change is written
// again some three times, however large the topology is. Memory is what checkpoints repeat.
//
// Invariant: every entry is in the listed topology file, or in the WAL at or after the listed checkpoint.
// The file is listed only when everything that it may show is durable, and only then the entries in it are
// left out of checkpoints; a crash between any two steps leaves the old file and all later entries.
import { join } from 'node:path'
import type { Clock, Timer } from '../../lib/clock.ts'
import { logLimits } from '../../limits/log.ts'
import type { TopologySource } from '../log-store.ts'
import type { SegmentFolder } from './create-segment.ts'
import { fileName } from './file-format.ts'
import { syncFile } from './file-operations.ts'
import type { TopologyFile } from './manifest.ts'
import type { Segment } from './segment.ts'
import { writeTopologyFile } from './topology-file.ts'
import { TopologyTail } from './topology-tail.ts'

export interface TopologyKeeperOptions {
  readonly clock: Clock
  readonly folder: SegmentFolder
  readonly segments: ReadonlySet<Segment>
  readonly tailSizeMax: number
  /** The sequence of the last entry. */
  readonly lastSequence: () => number
  /** The sequence of the commit that is open. */
  readonly openSequence: () => number
  /** Calls back when everything in memory now is durable. */
  readonly whenDurable: (callback: () => void) => void
  readonly onTrouble: (error: Error) => void
}

export class TopologyKeeper {
  /** What checkpoints repeat. */
  readonly tail: TopologyTail = new TopologyTail()
  readonly #options: TopologyKeeperOptions
  #source: TopologySource | undefined
  #writing: Promise<void> | undefined
  #retry: Timer | undefined
  #isClosed = false

  constructor(options: TopologyKeeperOptions) {
    this.#options = options
  }

  /** The entry that the topology file goes through which a crash would leave; 0 without one. */
  get through(): number {
    return this.#options.folder.manifest.written.topology?.through ?? 0
  }

  /** From now on all of the topology can be asked for. */
  setSource(source: TopologySource): void {
    this.#source = source
    this.#writeIfDue()
  }

  /** An entry was put: it is in the commit that is open, or recovery found it in the WAL. */
  add(sequence: number, bytes: Buffer): void {
    this.tail.add(sequence, bytes)
    this.#writeIfDue()
  }

  /** Gives up the file under way: what it was to hold is in the last checkpoint. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#retry?.stop()
    await this.#writing
  }

  get #listed(): TopologyFile | undefined {
    return this.#options.folder.manifest.content.topology
  }

  #writeIfDue(): void {
    if (this.#source === undefined || this.#writing !== undefined || this.#isClosed) return
    const { tailSizeMax } = this.#options
    const sizeMax = Math.max(tailSizeMax, (this.#listed?.size ?? 0) * logLimits.topologyTailShare)
    if (this.tail.size <= sizeMax || this.#retry !== undefined) return
    this.#writing = this.#write(this.#source).then(
      () => this.#onDone(),
      (error: Error) => this.#onFailed(error),
    )
  }

  #onDone(): void {
    this.#writing = undefined
    this.#writeIfDue()
  }

  #onFailed(error: Error): void {
    this.#writing = undefined
    if (!this.#isClosed) this.#options.onTrouble(error)
    // Telling of it may have been the end of the store.
    if (this.#isClosed) return
    this.#retry = this.#options.clock.after(logLimits.housekeepingRetryMs, () => {
      this.#retry = undefined
      this.#writeIfDue()
    })
  }

  async #write(source: TopologySource): Promise<void> {
    const { folder, lastSequence, openSequence } = this.#options
    const { disk, manifest } = folder
    // Whoever put the last entry may be in the middle of an atom.
    await Promise.resolve()
    const through = lastSequence()
    this.tail.cut()
    const place = {
      disk,
      folder: folder.path,
      id: manifest.reserveFileId(),
      salt: folder.random.below(0x1_0000_0000),
      leaderEpoch: manifest.content.epoch,
    }
    const file = await writeTopologyFile(place, {
      through,
      entries: this.#whileOpen(source()),
      lastCommit: openSequence,
    })
    await this.#whenDurable()
    const before = this.#listed
    await manifest.update((content) => ({ ...content, topology: file }))
    this.tail.dropThrough(through)
    if (before !== undefined) await disk.unlink(join(folder.path, fileName(before.fileId)))
  }

  /** What the file shows must not outlive a crash that takes the entries themselves. */
  async #whenDurable(): Promise<void> {
    const { whenDurable, folder, segments } = this.#options
    await new Promise<void>((resolve) => {
      whenDurable(resolve)
    })
    if (folder.isWalSynced) return
    for (const segment of segments) if (segment.state === 'open') await syncFile(segment.file)
  }

  *#whileOpen(entries: Iterable<Buffer>): Generator<Buffer> {
    for (const entry of entries) {
      if (this.#isClosed) throw new Error('The store is being closed')
      yield entry
    }
  }
}
