// Reads a backup and checks every byte of it. What it finds goes to a sink; nothing of it counts before
// `readBackup` has resolved.
import { createHash } from 'node:crypto'
import { logLimits } from '../../limits/log.ts'
import { asideFolderName, asideIdOf } from '../file/aside-file.ts'
import { fileName, walFolderName } from '../file/file-format.ts'
import { stepsToHere } from '../file/find-manifest.ts'
import { listedIn } from '../file/inspect-folder.ts'
import { decodeManifest, manifestName } from '../file/manifest.ts'
import type { ManifestContent } from '../file/manifest.ts'
import { LogError } from '../log-error.ts'
import { backupInfoName, checksumsName, decodeBackupInfo } from './backup-format.ts'
import type { BackupInfo } from './backup-format.ts'
import { readTar } from './tar.ts'
import type { TarMember } from './tar.ts'

/** Takes the files of a data folder, without its manifest. */
export interface BackupSink {
  /** `pieces` has to be taken to its end; `name` is within a data folder. */
  take(member: TarMember): Promise<void>
}

/** What a whole backup holds. */
export interface ReadBackup {
  readonly info: BackupInfo
  readonly manifest: ManifestContent
  readonly fileCount: number
  readonly byteCount: number
}

/** Throws `LogError`: 'corrupt' says where it is cut off or damaged, 'format' what could read it. */
export async function readBackup(
  source: AsyncIterable<Uint8Array>,
  sink: BackupSink,
): Promise<ReadBackup> {
  const reading = new Reading(sink)
  for await (const member of readTar(source)) await reading.add(member)
  return reading.finish()
}

class Reading {
  readonly #sink: BackupSink
  readonly #sums = new Map<string, string>()
  readonly #sizes = new Map<string, number>()
  #info: BackupInfo | undefined
  #manifest: ManifestContent | undefined
  #isChecked = false
  #byteCount = 0

  constructor(sink: BackupSink) {
    this.#sink = sink
  }

  async add(member: TarMember): Promise<void> {
    const { name, size } = member
    if (this.#isChecked || this.#sums.has(name)) throw damagedIn(name)
    if (name === checksumsName) {
      this.#check((await collect(member)).toString())
      return
    }
    const hash = createHash('sha256')
    const pieces = hashed(member.pieces, hash)
    if (name === backupInfoName) this.#info = decodeBackupInfo(await collect({ ...member, pieces }))
    else if (this.#info === undefined) {
      throw new LogError(
        'corrupt',
        `this is no backup of Pabal: it does not begin with ${backupInfoName}`,
      )
    } else if (name === manifestName) {
      this.#manifest = decodeManifest(await collect({ ...member, pieces }))
      if (this.#manifest === undefined) throw damagedIn(name)
    } else if (isDataFile(name) && this.#manifest === undefined) {
      await this.#sink.take({ ...member, pieces })
      this.#sizes.set(name, size)
    } else throw damagedIn(name)
    this.#sums.set(name, hash.digest('hex'))
    this.#byteCount += size
  }

  finish(): ReadBackup {
    const [info, manifest] = [this.#info, this.#manifest]
    if (!this.#isChecked || info === undefined || manifest === undefined) {
      throw new LogError('corrupt', `the backup is not whole: ${checksumsName} is not in it`)
    }
    stepsToHere('in the backup', manifest)
    for (const { id, sealedSize = 0 } of listedIn(manifest)) {
      const name = `${walFolderName}/${fileName(id)}`
      if ((this.#sizes.get(name) ?? -1) < sealedSize) throw damagedIn(name)
    }
    return { info, manifest, fileCount: this.#sizes.size, byteCount: this.#byteCount }
  }

  #check(list: string): void {
    const lines = new Set(list.split('\n'))
    for (const [name, sum] of this.#sums) {
      if (!lines.delete(`${sum}  ${name}`)) throw damagedIn(name)
    }
    // Behind the last line there is nothing.
    if (!lines.delete('') || lines.size > 0) throw damagedIn(checksumsName)
    this.#isChecked = true
  }
}

function isDataFile(name: string): boolean {
  const [folder, file = '', ...more] = name.split('/')
  if (more.length > 0) return false
  if (folder === walFolderName) return file === fileName(Number.parseInt(file, 10))
  return folder === asideFolderName && asideIdOf(file) !== undefined
}

/** All of a member that is read as a whole. */
async function collect({ name, size, pieces }: TarMember): Promise<Buffer> {
  if (size > logLimits.backupListSizeMax) throw damagedIn(name)
  const kept: Buffer[] = []
  for await (const piece of pieces) kept.push(piece)
  return Buffer.concat(kept)
}

async function* hashed(
  pieces: AsyncIterable<Buffer>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    hash.update(piece)
    yield piece
  }
}

function damagedIn(name: string): LogError {
  return new LogError('corrupt', `the backup is damaged in ${name}: take another one`)
}
