// A file of `FaultDisk`: its content as programs see it, and as a crash would find it.
import type { Random } from '../lib/random.ts'

/** A write that no sync has covered. */
export interface PendingWrite {
  readonly position: number
  /** What was written of it. */
  bytes: Buffer
  /** It is in the file, and a sync that begins now covers it. */
  isFinished: boolean
  /** A sync of it failed: the system takes it for written. */
  isForsaken: boolean
}

/**
 * Bytes that are written in place and grow by doubling, so that an append costs what it writes. A copy
 * costs nothing until one of the two is written to.
 */
export class Bytes {
  #memory: Buffer = Buffer.alloc(0)
  #isShared = false
  size = 0

  static of(content: Buffer): Bytes {
    const bytes = new Bytes()
    bytes.write(0, content)
    return bytes
  }

  /** A view. */
  get content(): Buffer {
    return this.#memory.subarray(0, this.size)
  }

  copy(): Bytes {
    const bytes = new Bytes()
    bytes.#memory = this.#memory
    bytes.size = this.size
    bytes.#isShared = true
    this.#isShared = true
    return bytes
  }

  write(position: number, bytes: Buffer): void {
    const end = position + bytes.length
    if (end > this.#memory.length) this.#move(Math.max(end, this.#memory.length * 2))
    else if (this.#isShared) this.#move(this.#memory.length)
    bytes.copy(this.#memory, position)
    this.size = Math.max(this.size, end)
  }

  truncate(size: number): void {
    if (size >= this.size) return
    if (this.#isShared) this.#move(this.#memory.length)
    this.#memory.fill(0, size, this.size)
    this.size = size
  }

  #move(size: number): void {
    const memory = Buffer.alloc(size)
    this.content.copy(memory)
    this.#memory = memory
    this.#isShared = false
  }
}

/** Content as programs see it, and as a crash would find it. */
export class Inode {
  content: Bytes = new Bytes()
  durable: Bytes = new Bytes()
  /** In the order they were begun. */
  pending: PendingWrite[] = []
  /** Nobody can read the byte there. */
  badPosition: number = Infinity

  /** A file with this content, all of it synced. */
  static of(content: Bytes): Inode {
    const inode = new Inode()
    inode.content = content.copy()
    inode.durable = content.copy()
    return inode
  }

  begin(position: number, bytes: Buffer): PendingWrite {
    const write = { position, bytes, isFinished: false, isForsaken: false }
    this.pending.push(write)
    return write
  }

  /** Puts the first `size` bytes of a write into the file. */
  finish(write: PendingWrite, size: number): void {
    write.bytes = write.bytes.subarray(0, size)
    write.isFinished = true
    if (size > 0) this.content.write(write.position, write.bytes)
  }

  truncate(size: number): void {
    this.content.truncate(size)
    // A cut counts at once: nothing in Pabal relies on one that is not synced.
    this.durable.truncate(size)
    this.pending = this.pending.filter(({ position }) => position < size)
  }

  /** What a sync that begins now covers. */
  get finished(): readonly PendingWrite[] {
    return this.pending.filter(({ isFinished, isForsaken }) => isFinished && !isForsaken)
  }

  sync(covered: readonly PendingWrite[]): void {
    const gone = new Set(covered)
    for (const [index, write] of this.pending.entries()) {
      if (!gone.has(write)) continue
      this.durable.write(write.position, write.bytes)
      for (const earlier of this.pending.slice(0, index)) coverWith(earlier, write)
    }
    this.pending = this.pending.filter((write) => !gone.has(write))
  }

  /** The power was cut: of what was not synced anything may be there. */
  afterCrash(random: Random): Inode {
    const inode = Inode.of(this.durable)
    for (const { position, bytes } of this.pending) {
      const kept = luckOf(bytes, random)
      if (kept.length === 0) continue
      inode.content.write(position, kept)
      inode.durable.write(position, kept)
    }
    return inode
  }

  /** The process was killed: the system has what was written, and may have some of what was being. */
  afterKill(random: Random): Inode {
    const inode = Inode.of(this.durable)
    inode.content = this.content.copy()
    for (const write of this.pending) {
      const copy = inode.begin(write.position, write.bytes)
      copy.isForsaken = write.isForsaken
      if (write.isFinished) copy.isFinished = true
      else inode.finish(copy, luckOf(write.bytes, random).length)
    }
    return inode
  }
}

/** What was written over for good never comes back: `earlier` has the bytes of `later` there. */
function coverWith(earlier: PendingWrite, { position, bytes }: PendingWrite): void {
  const start = Math.max(earlier.position, position)
  const end = Math.min(earlier.position + earlier.bytes.length, position + bytes.length)
  if (start >= end) return
  const covered = Buffer.from(earlier.bytes)
  bytes.copy(covered, start - earlier.position, start - position, end - position)
  earlier.bytes = covered
}

/** What chance leaves of a write: nothing, all of it, or a part. */
function luckOf(bytes: Buffer, random: Random): Buffer {
  if (random.next() < 0.5) return bytes.subarray(0, 0)
  return bytes.subarray(0, random.next() < 0.5 ? bytes.length : random.below(bytes.length + 1))
}
