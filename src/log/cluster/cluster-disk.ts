// A disk made of a database and a store of objects, behind the same door as the machine's own: the open WAL files
// of a cell are rows, finished files are objects, the manifest is a row that only the cell's owner replaces.
// Paths are names below the cell's root; nothing of them is a path on this machine.
import { join } from 'node:path'
import { clusterLimits } from '../../limits/cluster.ts'
import { DiskError } from '../file/disk-error.ts'
import type { Disk, DiskFile, FreeSpace, OpenMode } from '../file/disk.ts'
import { fileIdOf, fileName, walFolderName } from '../file/file-format.ts'
import { manifestName } from '../file/manifest.ts'
import { BytesFile } from './bytes-file.ts'
import type { FinishedFile } from './cell-table.ts'
import type { ClusterFiles } from './cluster-files.ts'
import { FinishedClusterFile } from './finished-cluster-file.ts'
import { LocalCopy } from './local-copy.ts'
import { Moves } from './moves.ts'
import { NewClusterFile } from './new-cluster-file.ts'
import { bufferSource } from './objects/object-source.ts'
import { OpenClusterFile } from './open-cluster-file.ts'
import { putFile } from './put-file.ts'
import { TableWrites } from './table-writes.ts'

export interface ClusterDiskOptions extends ClusterFiles {
  /** What all paths begin with. */
  readonly root: string
  /** Bytes of rows there may be; publishers are blocked when little of it is left. */
  readonly unsealedSizeMax?: number
  /** Monotonic milliseconds; left out, nothing has an age. */
  readonly now?: () => number
}

/** Opens the disk of a cell for its owner. */
export async function openClusterDisk(options: ClusterDiskOptions): Promise<ClusterDisk> {
  const { table, local } = options
  await local.disk.createFolder(local.path)
  const [finished, open] = [await table.finishedFiles(), await table.openFiles()]
  const disk = new ClusterDisk(options, new Map(finished), new Map(open))
  await disk.settle()
  return disk
}

export class ClusterDisk implements Disk {
  readonly writesPastCache = false
  readonly isRemote = true
  readonly #options: ClusterDiskOptions
  readonly #writes: TableWrites
  /** By name below the root. */
  readonly #finished: Map<string, FinishedFile>
  /** Where the rows of each open file end, by its id. */
  readonly #open: Map<number, number>
  /** Since when each of these is known here. */
  readonly #openSince = new Map<number, number>()
  readonly #moves = new Moves()
  #scratchCount = 0
  /** Once there is one there always is. */
  #hasManifest = false

  /** Use `openClusterDisk`. */
  constructor(
    options: ClusterDiskOptions,
    finished: Map<string, FinishedFile>,
    open: Map<number, number>,
  ) {
    this.#options = options
    this.#writes = new TableWrites(options.table)
    this.#finished = finished
    this.#open = open
    for (const id of open.keys()) this.#openSince.set(id, this.#now)
  }

  /** The earlier owner may have stopped between making a file an object and removing its rows. */
  async settle(): Promise<void> {
    for (const id of this.#open.keys()) {
      if (this.#finished.has(nameOfOpen(id))) await this.#removeOpen(id)
    }
  }

  /** Bytes of rows. */
  get unsealedSize(): number {
    let size = 0
    for (const end of this.#open.values()) size += end
    return size
  }

  /** How long the oldest of these rows have waited, in milliseconds; 0 without any. */
  get unsealedAge(): number {
    let oldest = Infinity
    for (const [id, since] of this.#openSince) {
      if (!this.#open.has(id)) this.#openSince.delete(id)
      else if (this.#open.get(id) !== 0) oldest = Math.min(oldest, since)
    }
    return oldest === Infinity ? 0 : this.#now - oldest
  }

  get #now(): number {
    return this.#options.now?.() ?? 0
  }

  async open(path: string, mode: OpenMode): Promise<DiskFile> {
    const name = this.#nameOf(path)
    if (mode === 'create') return this.#createNew(name)
    if (mode === 'create-growing' || mode === 'create-synced') return this.#createOpen(name)
    if (name === manifestName) return new BytesFile(await this.#readManifest())
    const finished = this.#finished.get(name)
    if (finished !== undefined) return new FinishedClusterFile(this.#options, name, finished)
    const id = openIdOf(name)
    const size = id === undefined ? undefined : this.#open.get(id)
    if (id === undefined || size === undefined) throw missing(name)
    return this.#openFile({ id, name, size }, undefined)
  }

  async replace(path: string, bytes: Buffer): Promise<void> {
    const name = this.#nameOf(path)
    if (name === manifestName) {
      await this.#options.table.replaceManifest(bytes)
      this.#hasManifest = true
      return
    }
    const file = await putFile(this.#options, name, bufferSource(bytes))
    await this.#name(name, file)
    this.#options.writer.onNamed(file.key)
  }

  async rename(from: string, to: string): Promise<void> {
    const [oldName, newName] = [this.#nameOf(from), this.#nameOf(to)]
    await this.#finishRows(oldName)
    const file = this.#finished.get(oldName)
    if (file === undefined) throw missing(oldName)
    await this.#name(newName, file)
    await this.#options.table.removeFinishedFile(oldName)
    this.#finished.delete(oldName)
  }

  async unlink(path: string): Promise<void> {
    const name = this.#nameOf(path)
    const id = openIdOf(name)
    if (id !== undefined) this.#moves.drop(id)
    const finished = this.#finished.get(name)
    if (finished !== undefined) {
      await this.#options.table.removeFinishedFile(name)
      this.#finished.delete(name)
      this.#options.reader.forget(finished)
    }
    if (id !== undefined && this.#open.has(id)) await this.#removeOpen(id)
  }

  async list(path: string): Promise<string[]> {
    const folder = this.#nameOf(path)
    const prefix = folder === '' ? '' : `${folder}/`
    const names = this.#names()
    if (prefix === '') {
      this.#hasManifest ||= (await this.#options.table.readManifest()) !== undefined
      if (this.#hasManifest) names.push(manifestName)
    }
    const within = names.filter((name) => name.startsWith(prefix))
    return [...new Set(within.map((name) => name.slice(prefix.length).split('/')[0]!))].toSorted()
  }

  /** Folders are only parts of names. */
  createFolder(): Promise<void> {
    return Promise.resolve()
  }

  syncFolder(): Promise<void> {
    return Promise.resolve()
  }

  async removeTree(path: string): Promise<void> {
    const prefix = `${this.#nameOf(path)}/`
    for (const name of this.#names().filter((each) => each.startsWith(prefix))) {
      await this.unlink(join(this.#options.root, name))
    }
  }

  /** The room for rows: what is an object needs none. */
  freeSpace(): Promise<FreeSpace> {
    const total = this.#options.unsealedSizeMax ?? clusterLimits.unsealedSizeMax
    const free = Math.max(0, total - this.unsealedSize)
    return Promise.resolve({ free, total, freeFiles: 0, totalFiles: 0 })
  }

  /** There is no folder that another one could take the place of: the epoch says whose cell it is. */
  identityOf(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  /** Nothing is moved any more; what has not been is for the next owner. */
  close(): Promise<void> {
    this.#moves.close()
    return this.#options.table.close()
  }

  /** Of all files but the manifest. */
  #names(): string[] {
    return [...this.#finished.keys(), ...Array.from(this.#open.keys(), nameOfOpen)]
  }

  async #createNew(name: string): Promise<DiskFile> {
    if (this.#finished.has(name)) throw new DiskError('io', `${name} exists already`)
    const { disk, path } = this.#options.local
    const scratchPath = join(path, `new-${this.#scratchCount++}`)
    await disk.unlink(scratchPath)
    return new NewClusterFile({
      files: this.#options,
      name,
      scratch: await disk.open(scratchPath, 'create'),
      scratchPath,
      onFinished: (file) => this.#finished.set(name, file),
    })
  }

  async #createOpen(name: string): Promise<DiskFile> {
    const id = openIdOf(name)
    if (id === undefined) throw new DiskError('io', `${name} is no name of a WAL file`)
    if (this.#open.has(id) || this.#finished.has(name)) {
      throw new DiskError('io', `${name} exists already`)
    }
    const { disk, path } = this.#options.local
    const copy = await LocalCopy.create(disk, join(path, `open-${id}`))
    this.#open.set(id, 0)
    this.#openSince.set(id, this.#now)
    return this.#openFile({ id, name, size: 0 }, copy)
  }

  #openFile(
    file: { readonly id: number; readonly name: string; readonly size: number },
    copy: LocalCopy | undefined,
  ): OpenClusterFile {
    const { id, name } = file
    return new OpenClusterFile({
      files: this.#options,
      writes: this.#writes,
      ...file,
      copy,
      onSize: (size) => this.#open.set(id, size),
      onComplete: (complete) => this.#moves.add(complete),
      onMoved: (finished) => {
        this.#finished.set(name, finished)
        this.#open.delete(id)
      },
    })
  }

  /** A file whose name is to change is an object first: rows are found by their number. */
  async #finishRows(name: string): Promise<void> {
    const id = openIdOf(name)
    const size = id === undefined ? undefined : this.#open.get(id)
    if (id === undefined || size === undefined) return
    const file = this.#openFile({ id, name, size }, undefined)
    await file.move()
  }

  async #name(name: string, file: FinishedFile): Promise<void> {
    await this.#options.table.addFinishedFile(name, file)
    this.#finished.set(name, file)
  }

  async #removeOpen(id: number): Promise<void> {
    await this.#options.table.removeOpenFile(id)
    this.#open.delete(id)
  }

  async #readManifest(): Promise<Buffer> {
    const bytes = await this.#options.table.readManifest()
    if (bytes === undefined) throw missing(manifestName)
    return bytes
  }

  #nameOf(path: string): string {
    const { root } = this.#options
    if (path === root) return ''
    if (!path.startsWith(join(root, '/'))) throw new DiskError('io', `${path} is not in ${root}`)
    return path.slice(root.length + 1).replaceAll('\\', '/')
  }
}

/** The number of a WAL file; undefined for every other name. */
function openIdOf(name: string): number | undefined {
  const prefix = `${walFolderName}/`
  return name.startsWith(prefix) ? fileIdOf(name.slice(prefix.length)) : undefined
}

function nameOfOpen(id: number): string {
  return `${walFolderName}/${fileName(id)}`
}

function missing(name: string): DiskError {
  return new DiskError('missing', `there is no ${name}`)
}
