// The files of the UI as its build left them, in memory: nothing of a request's path reaches the disk. The one
// door for reading them.
import { hash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { uiLimits } from '../limits/admin.ts'

/** Ways in which the build compresses, the best first. */
export const encodings = ['br', 'gzip'] as const

export type Encoding = (typeof encodings)[number]

export interface UiFile {
  readonly type: string
  readonly bytes: Buffer<ArrayBuffer>
  /** Of `bytes`, however they are compressed. */
  readonly etag: string
  readonly compressed: Partial<Record<Encoding, Buffer<ArrayBuffer>>>
}

/** Where builds are: beside the compiled program in a package, or in a clone. */
export const uiFolders: readonly string[] = foldersOf('ui')

/** The same for the documentation. */
export const docsFolders: readonly string[] = foldersOf('docs')

function foldersOf(name: string): string[] {
  return [`../${name}`, `../../dist/${name}`].map((folder) =>
    path.join(import.meta.dirname, folder),
  )
}

const endings: Readonly<Record<Encoding, string>> = { br: '.br', gzip: '.gz' }

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
}

/** Of files, by the path of their URL. */
type Contents = Map<string, Buffer<ArrayBuffer>>

interface Build {
  readonly files: ReadonlyMap<string, UiFile>
  /** Changes with the build. */
  readonly stamp: string
}

export class UiFiles {
  readonly #folders: readonly string[]
  #build: Build | undefined

  constructor(folders: readonly string[]) {
    this.#folders = folders
  }

  /** The page that all paths of the UI show; undefined where none was built. A new build is seen here. */
  async page(): Promise<UiFile | undefined> {
    for (const folder of this.#folders) {
      const stamp = await stampOf(folder)
      if (stamp === undefined) continue
      // One that is being written is looked at again.
      if (stamp !== this.#build?.stamp) this.#build = await readBuild(folder, stamp)
      break
    }
    return this.#build?.files.get('/index.html')
  }

  /** By the path of its URL. */
  async find(urlPath: string): Promise<UiFile | undefined> {
    if (this.#build === undefined) await this.page()
    return this.#build?.files.get(urlPath)
  }
}

async function stampOf(folder: string): Promise<string | undefined> {
  try {
    const { mtimeMs, size, ino } = await stat(path.join(folder, 'index.html'))
    return `${folder} ${mtimeMs} ${size} ${ino}`
  } catch {
    return undefined
  }
}

/** Undefined where it went in the middle, as the next build came. */
async function readBuild(folder: string, stamp: string): Promise<Build | undefined> {
  let contents: Contents
  try {
    contents = await readAll(folder)
  } catch {
    return undefined
  }
  const files = new Map<string, UiFile>()
  for (const [name, bytes] of contents) {
    const type = types[path.extname(name)]
    if (type === undefined) continue
    const etag = `W/"${hash('sha256', bytes, 'base64url').slice(0, 22)}"`
    files.set(name, { type, bytes, etag, compressed: compressedOf(name, contents) })
  }
  return { files, stamp }
}

function compressedOf(name: string, contents: Contents): UiFile['compressed'] {
  const there = encodings.map((each) => [each, contents.get(`${name}${endings[each]}`)] as const)
  return Object.fromEntries(there.filter(([, bytes]) => bytes !== undefined))
}

async function readAll(folder: string): Promise<Contents> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const contents: Contents = new Map()
  let size = 0
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const file = path.join(entry.parentPath, entry.name)
    const bytes = await readFile(file)
    size += bytes.length
    if (size > uiLimits.sizeMax || contents.size >= uiLimits.filesMax) break
    contents.set(`/${path.relative(folder, file).split(path.sep).join('/')}`, bytes)
  }
  return contents
}
