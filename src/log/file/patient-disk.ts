// Reads that fail are tried again: a disk that is away for some seconds has lost nothing, and what a
// reader is told is lost is skipped for ever. Only a place that cannot be read while the disk
// demonstrably works is given up.
import type { Clock, Timer } from '../../lib/clock.ts'
import { logLimits } from '../../limits/log.ts'
import { diskErrorKind } from './disk-error.ts'
import type { Disk, DiskCallback, DiskFile, ReadCallback } from './disk.ts'

export interface PatienceParts {
  readonly onTrouble: (error: Error) => void
  /** Resolves once something was written to the disk, however long that takes; never rejects. */
  readonly probe: () => Promise<void>
}

/** Something that could not be read. */
export interface Failure {
  readonly path: string
  /** Monotonic milliseconds of the first try. */
  readonly since: number
}

export class ReadPatience {
  readonly clock: Clock
  #parts: PatienceParts | undefined
  /** When the disk last took a probe. */
  #provenAt = -Infinity
  #isProbing = false
  /** Files in which something was given up, and when. */
  readonly #givenUp = new Map<string, number>()
  /** Of reads that wait for another try. */
  readonly #pauses = new Set<Timer>()
  #isAbandoned = false

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** The store is open. Before that nobody waits: a start says what is wrong. */
  begin(parts: PatienceParts): void {
    this.#parts = parts
  }

  /** Nobody waits any more. */
  end(): void {
    this.#parts = undefined
  }

  /** No read is tried again, and none is given up either: whoever waits does so for ever. */
  abandon(): void {
    this.#isAbandoned = true
    for (const pause of this.#pauses) pause.stop()
    this.#pauses.clear()
  }

  /** Calls back when it is time for another try (true), or at once when there shall be none. */
  whenToRetry(error: Error, failure: Failure, done: (isAgain: boolean) => void): void {
    if (this.#isAbandoned) return
    if (this.#parts === undefined) {
      done(false)
      return
    }
    this.#parts.onTrouble(error)
    this.#pause(() => done(this.#isWorthRetrying(failure)))
  }

  /** Telling of the trouble may have been the end of the store. */
  #pause(callback: () => void): void {
    if (this.#isAbandoned) return
    const pause = this.clock.after(logLimits.diskRetryMs, () => {
      this.#pauses.delete(pause)
      callback()
    })
    this.#pauses.add(pause)
  }

  #isWorthRetrying({ path, since }: Failure): boolean {
    if (this.#parts === undefined) return false
    const now = this.clock.monotonic()
    const patientUntil = since + this.#patienceFor(path)
    if (now >= patientUntil && this.#provenAt >= patientUntil) {
      this.#givenUp.set(path, now)
      return false
    }
    if (now >= patientUntil && !this.#isProbing) void this.#probe(this.#parts)
    return true
  }

  /** Around a bad place there are more: not each of them is waited for. */
  #patienceFor(path: string): number {
    const givenUpAt = this.#givenUp.get(path) ?? -Infinity
    const isKnown = this.clock.monotonic() - givenUpAt < logLimits.badPlaceMs
    return isKnown ? logLimits.diskRetryMs : logLimits.readPatienceMs
  }

  async #probe({ probe }: PatienceParts): Promise<void> {
    this.#isProbing = true
    try {
      await probe()
      this.#provenAt = this.clock.monotonic()
    } finally {
      this.#isProbing = false
    }
  }
}

/** The same disk with patience for everything that is read. */
export function patientDisk(disk: Disk, patience: ReadPatience): Disk {
  return {
    writesPastCache: disk.writesPastCache,
    isRemote: disk.isRemote,
    async open(path, mode) {
      const since = patience.clock.monotonic()
      for (;;) {
        try {
          return new PatientFile(await disk.open(path, mode), path, patience)
        } catch (error) {
          if (mode !== 'read' || diskErrorKind(error) === 'missing') throw error
          const isAgain = await new Promise<boolean>((resolve) => {
            patience.whenToRetry(error as Error, { path, since }, resolve)
          })
          if (!isAgain) throw error
        }
      }
    },
    replace: (path, bytes) => disk.replace(path, bytes),
    rename: (from, to) => disk.rename(from, to),
    unlink: (path) => disk.unlink(path),
    list: (path) => disk.list(path),
    createFolder: (path) => disk.createFolder(path),
    removeTree: (path) => disk.removeTree(path),
    syncFolder: (path) => disk.syncFolder(path),
    freeSpace: (path) => disk.freeSpace(path),
    identityOf: (path) => disk.identityOf(path),
  }
}

class PatientFile implements DiskFile {
  readonly #file: DiskFile
  readonly #path: string
  readonly #patience: ReadPatience

  constructor(file: DiskFile, path: string, patience: ReadPatience) {
    this.#file = file
    this.#path = path
    this.#patience = patience
  }

  writev(buffers: Buffer[], position: number, done: DiskCallback): void {
    this.#file.writev(buffers, position, done)
  }

  datasync(done: DiskCallback): void {
    this.#file.datasync(done)
  }

  read(buffer: Buffer, position: number, done: ReadCallback): void {
    const since = this.#patience.clock.monotonic()
    const read = (): void => {
      this.#file.read(buffer, position, (error, count) => {
        if (error === null) return done(null, count)
        this.#patience.whenToRetry(error, { path: this.#path, since }, (isAgain) => {
          if (isAgain) read()
          else done(error, 0)
        })
      })
    }
    read()
  }

  size(): Promise<number> {
    return this.#file.size()
  }

  truncate(size: number): Promise<void> {
    return this.#file.truncate(size)
  }

  finish(size: number): Promise<void> {
    return this.#file.finish(size)
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
