// A disk in memory that forgets like a real one. Bytes written are only kept by a crash once their
// file was synced, names only once their folder was. What was not synced survives in part: any
// subset of the writes, each possibly torn; any subset of the created, renamed and removed names.
// A test can also hold, fail or count each operation, limit the space, and flip bits.
import { basename, dirname } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { directBlockSize } from '../log/file/direct-file.ts'
import type {
  Disk,
  DiskCallback,
  DiskFile,
  FreeSpace,
  OpenMode,
  ReadCallback,
} from '../log/file/disk.ts'

export type DiskOperation =
  | 'open'
  | 'create'
  | 'write'
  | 'sync'
  | 'read'
  | 'truncate'
  | 'rename'
  | 'unlink'
  | 'syncFolder'

/** What happens to an operation: nothing special, an error, or no answer until `release`. */
export type Fate = Error | 'hold' | undefined

export type DiskHook = (operation: DiskOperation, path: string) => Fate

interface PendingWrite {
  readonly position: number
  readonly bytes: Buffer
}

/** Content as programs see it, and as a crash would find it. */
class Inode {
  content: Buffer = Buffer.alloc(0)
  durable: Buffer = Buffer.alloc(0)
  pending: PendingWrite[] = []

  write(position: number, bytes: Buffer): void {
    this.content = overlay(this.content, position, bytes)
    this.pending.push({ position, bytes })
  }

  truncate(size: number): void {
    this.content = this.content.subarray(0, size)
    // A cut counts at once: nothing in Pabal relies on one that is not synced.
    this.durable = this.durable.subarray(0, size)
    this.pending = this.pending.filter(({ position }) => position < size)
  }

  sync(): void {
    this.durable = this.content
    this.pending = []
  }

  afterCrash(random: Random): Inode {
    const inode = new Inode()
    let content = this.durable
    for (const { position, bytes } of this.pending) {
      if (random.next() < 0.5) continue
      const kept = random.next() < 0.5 ? bytes.length : random.below(bytes.length + 1)
      if (kept > 0) content = overlay(content, position, bytes.subarray(0, kept))
    }
    inode.content = content
    inode.durable = content
    inode.pending = []
    return inode
  }
}

type NameChange = { readonly path: string; readonly inode: Inode | undefined }

export class FaultDisk implements Disk {
  readonly writesPastCache = true
  /** Operations so far that change something. */
  operationCount = 0
  /** Bytes that fit; what is more fails with ENOSPC. */
  capacity: number = Infinity
  /** Decides about each operation. */
  onOperation: DiskHook = () => undefined
  readonly #clock: Clock
  readonly #names = new Map<string, Inode>()
  #durableNames = new Map<string, Inode>()
  /** Atomic changes of names that are not synced, in order. */
  #pendingNames: NameChange[][] = []
  #held: (() => void)[] = []
  #isDead = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What the machine finds when it comes up again. The old disk never answers any more. */
  crash(random: Random): FaultDisk {
    this.#isDead = true
    const disk = new FaultDisk(this.#clock)
    disk.capacity = this.capacity
    const names = new Map(this.#durableNames)
    for (const changes of this.#pendingNames) {
      if (random.next() < 0.5) applyNames(names, changes)
    }
    const inodes = new Map<Inode, Inode>()
    for (const [path, inode] of names) {
      const kept = inodes.get(inode) ?? inode.afterCrash(random)
      inodes.set(inode, kept)
      disk.#names.set(path, kept)
      disk.#durableNames.set(path, kept)
    }
    return disk
  }

  /** What a killed process leaves: everything it wrote, synced or not. */
  kill(): FaultDisk {
    this.#isDead = true
    return this.copy()
  }

  /** Another disk with the same files, all synced. */
  copy(): FaultDisk {
    const disk = new FaultDisk(this.#clock)
    disk.capacity = this.capacity
    for (const [path, inode] of this.#names) {
      const kept = new Inode()
      kept.content = inode.content
      kept.durable = inode.content
      disk.#names.set(path, kept)
      disk.#durableNames.set(path, kept)
    }
    return disk
  }

  /** From now on nothing happens and nobody is answered: the power is gone. */
  stop(): void {
    this.#isDead = true
  }

  /** Lets all held operations go on. */
  release(): void {
    const held = this.#held
    this.#held = []
    for (const start of held) start()
  }

  get heldCount(): number {
    return this.#held.length
  }

  get paths(): string[] {
    return [...this.#names.keys()].toSorted()
  }

  get usedSize(): number {
    let size = 0
    for (const inode of this.#names.values()) size += inode.content.length
    return size
  }

  /** The bytes of a file as they are now. */
  contentOf(path: string): Buffer {
    const inode = this.#names.get(path)
    if (inode === undefined) throw notFoundError(path)
    return Buffer.from(inode.content)
  }

  /** Replaces the bytes of a file, synced, also for who has it open: rot, or somebody's editor. */
  setContent(path: string, content: Buffer): void {
    const inode = this.#names.get(path) ?? new Inode()
    inode.content = content
    inode.durable = content
    inode.pending = []
    this.#names.set(path, inode)
    this.#durableNames.set(path, inode)
  }

  remove(path: string): void {
    this.#names.delete(path)
    this.#durableNames.delete(path)
  }

  async open(path: string, mode: OpenMode): Promise<DiskFile> {
    const isNew = mode.startsWith('create')
    await this.#run(isNew ? 'create' : 'open', path)
    const existing = this.#names.get(path)
    if (!isNew) {
      if (existing === undefined) throw notFoundError(path)
      return new FaultFile(this, { inode: existing, path, mode })
    }
    if (existing !== undefined) throw diskError('EEXIST', path)
    const inode = new Inode()
    this.#change([{ path, inode }])
    return new FaultFile(this, { inode, path, mode })
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#run('rename', to)
    const inode = this.#names.get(from)
    if (inode === undefined) throw notFoundError(from)
    this.#change([
      { path: from, inode: undefined },
      { path: to, inode },
    ])
  }

  async unlink(path: string): Promise<void> {
    await this.#run('unlink', path)
    if (this.#names.has(path)) this.#change([{ path, inode: undefined }])
  }

  async list(path: string): Promise<string[]> {
    await this.#run('open', path)
    const names = [...this.#names.keys()].filter((name) => dirname(name) === path)
    return names.map((name) => basename(name)).toSorted()
  }

  async createFolder(path: string): Promise<void> {
    await this.#run('create', path)
  }

  async syncFolder(path: string): Promise<void> {
    await this.#run('syncFolder', path)
    const isHere = (changes: readonly NameChange[]): boolean =>
      changes.some((change) => dirname(change.path) === path)
    for (const changes of this.#pendingNames) {
      if (isHere(changes)) applyNames(this.#durableNames, changes)
    }
    this.#pendingNames = this.#pendingNames.filter((changes) => !isHere(changes))
  }

  async freeSpace(path: string): Promise<FreeSpace> {
    await this.#run('open', path)
    const total = Math.min(this.capacity, Number.MAX_SAFE_INTEGER)
    return { free: Math.max(0, total - this.usedSize), total }
  }

  /** Calls back in a later turn, unless the power is gone or the operation is held. */
  start(operation: DiskOperation, path: string, done: DiskCallback): void {
    if (this.#isDead) return
    if (operation !== 'read' && operation !== 'open') this.operationCount++
    const fate = this.onOperation(operation, path)
    const answer = (): void => {
      this.#clock.atEndOfTurn(() => {
        if (!this.#isDead) done(fate instanceof Error ? fate : null)
      })
    }
    // The hook may have cut the power.
    if (fate === 'hold') this.#held.push(answer)
    else answer()
  }

  #run(operation: DiskOperation, path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.start(operation, path, (error) => (error === null ? resolve() : reject(error)))
    })
  }

  #change(changes: NameChange[]): void {
    applyNames(this.#names, changes)
    this.#pendingNames.push(changes)
  }
}

class FaultFile implements DiskFile {
  readonly #disk: FaultDisk
  readonly #inode: Inode
  readonly #path: string
  readonly #isSynced: boolean
  readonly #isGrowing: boolean

  constructor(
    disk: FaultDisk,
    options: { readonly inode: Inode; readonly path: string; readonly mode: OpenMode },
  ) {
    this.#disk = disk
    this.#inode = options.inode
    this.#path = options.path
    this.#isSynced = options.mode === 'create-synced' || options.mode === 'write-synced'
    this.#isGrowing = this.#isSynced || options.mode === 'create-growing'
  }

  writev(buffers: Buffer[], position: number, done: DiskCallback): void {
    // One call to the system, and still two things that can fail or be held one by one.
    const whenWritten: DiskCallback = (error) => {
      if (error === null && this.#isSynced) this.datasync(done)
      else done(error)
    }
    // Bytes are taken now and may be torn from now on; the writer may reuse its buffers later only.
    const bytes = this.#padded(Buffer.concat(buffers), position)
    const grows = Math.max(0, position + bytes.length - this.#inode.content.length)
    const room = this.#disk.capacity - this.#disk.usedSize
    const fits = grows <= room
    this.#disk.start('write', this.#path, (error) => {
      if (error !== null) whenWritten(error)
      else whenWritten(fits ? null : diskError('ENOSPC', this.#path))
    })
    const kept = fits ? bytes.length : Math.max(0, bytes.length - (grows - Math.max(0, room)))
    if (kept > 0) this.#inode.write(position, bytes.subarray(0, kept))
  }

  datasync(done: DiskCallback): void {
    this.#disk.start('sync', this.#path, (error) => {
      // What a failed sync leaves is anybody's guess: it stays unsynced here.
      if (error === null) this.#inode.sync()
      done(error)
    })
  }

  read(buffer: Buffer, position: number, done: ReadCallback): void {
    this.#disk.start('read', this.#path, (error) => {
      if (error !== null) done(error, 0)
      else done(null, this.#inode.content.copy(buffer, 0, position))
    })
  }

  size(): Promise<number> {
    return Promise.resolve(this.#inode.content.length)
  }

  truncate(size: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#disk.start('truncate', this.#path, (error) => {
        if (error !== null) return reject(error)
        this.#inode.truncate(size)
        resolve()
      })
    })
  }

  async finish(size: number): Promise<void> {
    if (this.#inode.content.length > size) await this.truncate(size)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** As a direct write leaves it: whole blocks, until the file is finished. */
  #padded(bytes: Buffer, position: number): Buffer {
    const rest = (position + bytes.length) % directBlockSize
    if (!this.#isGrowing || rest === 0) return bytes
    return Buffer.concat([bytes, Buffer.alloc(directBlockSize - rest)])
  }
}

/** An error as the operating system reports it. */
export function diskError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}

function notFoundError(path: string): Error {
  return diskError('ENOENT', path)
}

function applyNames(names: Map<string, Inode>, changes: readonly NameChange[]): void {
  for (const { path, inode } of changes) {
    if (inode === undefined) names.delete(path)
    else names.set(path, inode)
  }
}

function overlay(content: Buffer, position: number, bytes: Buffer): Buffer {
  const result = Buffer.alloc(Math.max(content.length, position + bytes.length))
  content.copy(result)
  bytes.copy(result, position)
  return result
}
