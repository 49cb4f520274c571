// Snapshots of a running store. Data files and bodies never change where they were written, so a snapshot
// is a list: how much of which file counts, at a moment between two commits. What would go meanwhile
// (a file that is dead or was copied out of, a body whose record was acked) is kept until the snapshot is
// closed, and only so long: a crash leaves nothing, because the manifest no longer lists it.
//
// There is one at a time. It ends by itself when nobody reads it any more, when the disk is nearly full
// because of it, and when the store closes; who reads it then gets the reason as an error.
import { join } from 'node:path'
import type { Clock, Timer } from '../../lib/clock.ts'
import { logLimits } from '../../limits/log.ts'
import { LogError } from '../log-error.ts'
import type { BlockedReason } from '../log-store.ts'
import type { AsideStore, HeldBodies } from './aside-store.ts'
import type { SegmentFolder } from './create-segment.ts'
import { diskErrorKind } from './disk-error.ts'
import type { DiskFile } from './disk.ts'
import { fileKind, fileName, walFolderName } from './file-format.ts'
import type { ManifestContent, ManifestFile } from './manifest.ts'
import type { Segment } from './segment.ts'
import { openBodies, viewOf } from './snapshot.ts'
import type { Snapshot, SnapshotFile } from './snapshot.ts'

export interface SnapshotsOptions {
  readonly clock: Clock
  /** The data folder. */
  readonly path: string
  readonly folder: SegmentFolder
  /** All files that are not retired. */
  readonly segments: ReadonlySet<Segment>
  readonly asides: AsideStore
  /** Calls back when everything in memory now is durable. */
  readonly whenDurable: (callback: () => void) => void
  readonly blocked: () => BlockedReason | undefined
  /** The last read of a file is done. */
  readonly onReleased: (segment: Segment) => void
}

export class Snapshots {
  readonly #options: SnapshotsOptions
  /** The one that is open, or being opened. */
  #current: RunningSnapshot | 'opening' | undefined
  #isClosed = false

  constructor(options: SnapshotsOptions) {
    this.#options = options
  }

  /**
   * A snapshot with everything that is in memory now. Rejects with `LogError`: 'locked' while there is
   * another one.
   */
  async open(): Promise<Snapshot> {
    if (this.#current !== undefined) {
      throw new LogError('locked', 'another backup is being taken: wait for its end')
    }
    this.#current = 'opening'
    try {
      const snapshot = await this.#open()
      this.#current = snapshot
      return snapshot
    } catch (error) {
      this.#current = undefined
      throw error
    }
  }

  /** The store closes. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#current instanceof RunningSnapshot) await this.#current.end('the broker stops')
  }

  async #open(): Promise<RunningSnapshot> {
    await new Promise<void>((resolve) => {
      this.#options.whenDurable(resolve)
    })
    for (;;) {
      if (this.#isClosed) throw new LogError('io', 'the broker stops')
      const topology = await this.#openTopology()
      // A newer one may have taken its place meanwhile. From here to the pins nothing else happens.
      if (topology?.id === this.#manifest.topology?.fileId && !this.#isClosed) {
        return new RunningSnapshot(this.#options, topology?.file, () => (this.#current = undefined))
      }
      await topology?.file.close()
    }
  }

  get #manifest(): ManifestContent {
    return this.#options.folder.manifest.content
  }

  /** It goes as soon as there is another, so it is opened first: an open file can be read to its end. */
  async #openTopology(): Promise<{ readonly id: number; readonly file: DiskFile } | undefined> {
    const { disk, path } = this.#options.folder
    const id = this.#manifest.topology?.fileId
    if (id === undefined) return undefined
    try {
      return { id, file: await disk.open(join(path, fileName(id)), 'read') }
    } catch (error) {
      if (diskErrorKind(error) === 'missing' && id !== this.#manifest.topology?.fileId)
        return this.#openTopology()
      throw error
    }
  }
}

/** A segment, and how much of it counts. */
interface Pinned {
  readonly segment: Segment
  readonly size: number
}

class RunningSnapshot implements Snapshot {
  readonly manifest: ManifestContent
  readonly fileCount: number
  readonly #options: SnapshotsOptions
  readonly #topology: DiskFile | undefined
  readonly #pinned: readonly Pinned[]
  readonly #bodies: HeldBodies
  readonly #onEnd: () => void
  readonly #timer: Timer
  /** Looks since the last read. */
  #idleLooks = 0
  #ended: LogError | undefined
  #ending: Promise<void> | undefined
  #reading: Promise<unknown> = Promise.resolve()

  constructor(options: SnapshotsOptions, topology: DiskFile | undefined, onEnd: () => void) {
    this.#options = options
    this.#topology = topology
    this.#onEnd = onEnd
    const { clock, folder, segments, asides } = options
    const { content } = folder.manifest
    const byId = new Map(Array.from(segments, (segment) => [segment.id, segment]))
    const files: ManifestFile[] = []
    const pinned: Pinned[] = []
    for (const file of content.files) {
      const segment = byId.get(file.id)
      const isUnused =
        file.kind === 'wal' && file.sealedSize === undefined && segment?.firstSequence === 0
      // Nothing was written to it yet.
      if (segment === undefined || isUnused) continue
      files.push(file)
      pinned.push({ segment, size: file.sealedSize ?? segment.dataEnd })
      segment.readers++
    }
    this.#pinned = pinned
    this.#bodies = asides.hold()
    // Files of what was copied count their own commits.
    const wal = pinned.filter(({ segment }) => segment.kind === fileKind.wal)
    const syncedThrough = Math.max(
      content.syncedThrough,
      ...wal.map(({ segment }) => segment.lastSequence),
    )
    this.manifest = { ...content, files, syncedThrough }
    this.fileCount = pinned.length + this.#bodies.ids.length + (topology === undefined ? 0 : 1)
    this.#timer = clock.every(logLimits.snapshotLookMs, () => this.#look())
  }

  async *files(): AsyncGenerator<SnapshotFile> {
    const { topology } = this.manifest
    if (this.#topology !== undefined && topology !== undefined) {
      yield this.#guarded(this.#topology, topology.fileId, topology.size)
    }
    for (const { segment, size } of this.#pinned) {
      yield this.#guarded(segment.file, segment.id, size)
    }
    for await (const body of openBodies(
      this.#options.folder.disk,
      this.#options.path,
      this.#bodies.ids,
    )) {
      yield { ...body, read: (buffer, position) => this.#read(body, buffer, position) }
    }
  }

  close(): Promise<void> {
    return this.end('it was closed')
  }

  /** From now on reads fail, and nothing is kept. */
  end(reason: string): Promise<void> {
    this.#ended ??= new LogError('io', `the backup was ended: ${reason}`)
    this.#ending ??= this.#release()
    return this.#ending
  }

  #guarded(file: DiskFile, id: number, size: number): SnapshotFile {
    const name = `${walFolderName}/${fileName(id)}`
    const view = viewOf(file, { name, size, close: () => Promise.resolve() })
    return { ...view, read: (buffer, position) => this.#read(view, buffer, position) }
  }

  async #read(file: SnapshotFile, buffer: Buffer, position: number): Promise<number> {
    if (this.#ended !== undefined) throw this.#ended
    this.#idleLooks = 0
    const reading = file.read(buffer, position)
    this.#reading = reading.catch(() => undefined)
    return reading
  }

  #look(): void {
    this.#idleLooks++
    if (this.#idleLooks * logLimits.snapshotLookMs >= logLimits.snapshotIdleMsMax) {
      void this.end(`nobody has read on for ${logLimits.snapshotIdleMsMax / 1000} s`)
    } else if (this.#options.blocked() === 'low on disk' && this.#holdsSpace()) {
      void this.end('the disk of the data folder is nearly full, and what it keeps is needed')
    }
  }

  #holdsSpace(): boolean {
    return (
      this.#bodies.keptCount() > 0 ||
      this.#pinned.some(({ segment }) => segment.state === 'retired')
    )
  }

  async #release(): Promise<void> {
    this.#timer.stop()
    // A file must not be closed under a read.
    await this.#reading
    for (const { segment } of this.#pinned) {
      segment.readers--
      if (segment.readers === 0) this.#options.onReleased(segment)
    }
    this.#bodies.release()
    await this.#topology?.close()
    this.#onEnd()
  }
}
