// A disk in memory that forgets like a real one. Bytes written are only kept by a crash once their
// file was synced, names only once their folder was. What was not synced survives in part: any
// subset of the writes, each possibly torn; any subset of the created, renamed and removed names.
// A sync covers the writes that were finished when it began; what was unsynced when a sync failed is
// never made durable by a later one, as on Linux. A test can also hold, delay, fail or count each
// operation, limit the space, and flip bits.
import { dirname } from 'node:path'
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
import { replaceByRename } from '../log/file/file-operations.ts'
import { Bytes, Inode, type PendingWrite } from './fault-inode.ts'

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
export type Fate = Error | 'hold' | Delayed | undefined

/** The answer comes after `delayMs`; it is `error` when there is one. */
export interface Delayed {
  readonly delayMs: number
  readonly error?: Error | undefined
}

export type DiskHook = (operation: DiskOperation, path: string) => Fate

type NameChange = { readonly path: string; readonly inode: Inode | undefined }

/** Of what was being written, nothing got there. */
const nothingElse: Random = { next: () => 0, below: () => 0, bytes: (size) => Buffer.alloc(size) }

export class FaultDisk implements Disk {
  readonly writesPastCache = true
  isRemote: boolean = false
  /** Operations so far that change something. */
  operationCount = 0
  /** Bytes that fit; what is more fails with ENOSPC. */
  capacity: number = Infinity
  /** How many files there may be; creating one more fails with ENOSPC. */
  fileCountMax: number = Infinity
  /** Decides about each operation. */
  onOperation: DiskHook = () => undefined
  readonly #clock: Clock
  readonly #names = new Map<string, Inode>()
  #durableNames = new Map<string, Inode>()
  /** Atomic changes of names that are not synced, in order. */
  #pendingNames: NameChange[][] = []
  #held: (() => void)[] = []
  #isDead = false
  #goneFolder: string | undefined

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

  /** What the next process finds after this one was killed: everything written, synced or not. */
  kill(random: Random = nothingElse): FaultDisk {
    this.#isDead = true
    const disk = new FaultDisk(this.#clock)
    disk.capacity = this.capacity
    const inodes = new Map<Inode, Inode>()
    const kept = (inode: Inode): Inode => {
      const known = inodes.get(inode) ?? inode.afterKill(random)
      inodes.set(inode, known)
      return known
    }
    for (const [path, inode] of this.#names) disk.#names.set(path, kept(inode))
    for (const [path, inode] of this.#durableNames) disk.#durableNames.set(path, kept(inode))
    disk.#pendingNames = this.#pendingNames.map((changes) =>
      changes.map(({ path, inode }) => ({ path, inode: inode && kept(inode) })),
    )
    return disk
  }

  /** Another disk with the same files, all synced. */
  copy(): FaultDisk {
    const disk = new FaultDisk(this.#clock)
    disk.capacity = this.capacity
    for (const [path, inode] of this.#names) {
      const kept = Inode.of(inode.content)
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
    for (const inode of this.#names.values()) size += inode.content.size
    return size
  }

  /** The bytes of a file as they are now. */
  contentOf(path: string): Buffer {
    const inode = this.#names.get(path)
    if (inode === undefined) throw notFoundError(path)
    return Buffer.from(inode.content.content)
  }

  /** Replaces the bytes of a file, synced, also for who has it open: rot, or somebody's editor. */
  setContent(path: string, content: Buffer): void {
    const inode = this.#names.get(path) ?? new Inode()
    inode.content = Bytes.of(content)
    inode.durable = Bytes.of(content)
    inode.pending = []
    this.#names.set(path, inode)
    this.#durableNames.set(path, inode)
  }

  /** A bad sector: whatever reads the byte at `position` fails with EIO. */
  makeUnreadable(path: string, position: number): void {
    const inode = this.#names.get(path)
    if (inode === undefined) throw notFoundError(path)
    inode.badPosition = position
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
    if (this.#isGone(path)) throw notFoundError(path)
    if (this.#names.size >= this.fileCountMax) throw diskError('ENOSPC', path)
    const inode = new Inode()
    this.#change([{ path, inode }])
    return new FaultFile(this, { inode, path, mode })
  }

  replace(path: string, bytes: Buffer): Promise<void> {
    return replaceByRename(this, path, bytes)
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

  async removeTree(path: string): Promise<void> {
    for (const name of this.paths) if (name.startsWith(`${path}/`)) await this.unlink(name)
  }

  async list(path: string): Promise<string[]> {
    await this.#run('open', path)
    const start = path.endsWith('/') ? path : `${path}/`
    const below = [...this.#names.keys()].filter((name) => name.startsWith(start))
    const names = below.map((name) => name.slice(start.length).split('/', 1)[0] ?? '')
    return [...new Set(names)].toSorted()
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
    const freeFiles = Math.max(0, this.fileCountMax - this.#names.size)
    const totalFiles = this.fileCountMax === Infinity ? 0 : this.fileCountMax
    return { free: Math.max(0, total - this.usedSize), total, freeFiles, totalFiles }
  }

  async identityOf(path: string): Promise<string | undefined> {
    await this.#run('open', path)
    return this.#isGone(path) ? undefined : path
  }

  /** Takes a folder away with all that is in it; open files can still be written. */
  removeFolder(path: string): void {
    this.#goneFolder = path
    for (const name of this.paths) if (this.#isGone(name)) this.remove(name)
  }

  #isGone(path: string): boolean {
    const folder = this.#goneFolder
    return folder !== undefined && (path === folder || path.startsWith(`${folder}/`))
  }

  /** Calls back in a later turn, unless the power is gone or the operation is held. */
  start(operation: DiskOperation, path: string, done: DiskCallback): void {
    if (this.#isDead) return
    if (operation !== 'read' && operation !== 'open') this.operationCount++
    const fate = this.onOperation(operation, path)
    const answer = (error: Error | null): void => {
      if (!this.#isDead) done(error)
    }
    if (fate === 'hold') {
      this.#held.push(() => this.#clock.atEndOfTurn(() => answer(null)))
    } else if (fate !== undefined && 'delayMs' in fate) {
      this.#clock.after(fate.delayMs, () => answer(fate.error ?? null))
    } else {
      this.#clock.atEndOfTurn(() => answer(fate ?? null))
    }
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
    // Bytes are taken now and may be torn from now on; the writer may reuse its buffers later only.
    const bytes = this.#padded(Buffer.concat(buffers), position)
    this.#disk.start('write', this.#path, (error) => {
      const room = Math.max(0, this.#disk.capacity - this.#disk.usedSize)
      const grows = Math.max(0, position + bytes.length - this.#inode.content.size)
      const kept = grows <= room ? bytes.length : Math.max(0, bytes.length - (grows - room))
      this.#inode.finish(write, kept)
      if (error !== null) done(error)
      else if (kept < bytes.length) done(diskError('ENOSPC', this.#path))
      // One call to the system, and still two things that can fail or be held one by one.
      else if (this.#isSynced) this.#sync([write], done)
      else done(null)
    })
    const write = this.#inode.begin(position, bytes)
  }

  datasync(done: DiskCallback): void {
    this.#sync(this.#inode.finished, done)
  }

  read(buffer: Buffer, position: number, done: ReadCallback): void {
    this.#disk.start('read', this.#path, (error) => {
      const { badPosition } = this.#inode
      const isBad = position <= badPosition && badPosition < position + buffer.length
      if (error !== null) done(error, 0)
      else if (isBad) done(diskError('EIO', this.#path), 0)
      else done(null, this.#copy(buffer, position))
    })
  }

  /** Behind the end there is nothing, as with `pread`. */
  #copy(buffer: Buffer, position: number): number {
    const { content } = this.#inode.content
    return position < content.length ? content.copy(buffer, 0, position) : 0
  }

  size(): Promise<number> {
    return Promise.resolve(this.#inode.content.size)
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
    if (this.#inode.content.size > size) await this.truncate(size)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #sync(covered: readonly PendingWrite[], done: DiskCallback): void {
    this.#disk.start('sync', this.#path, (error) => {
      if (error === null) this.#inode.sync(covered)
      else for (const write of covered) write.isForsaken = true
      done(error)
    })
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
