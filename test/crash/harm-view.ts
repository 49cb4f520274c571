// What can become of the view of the topology (meta.db) while the broker is down, and how to see that it
// was made again. It holds nothing that is not in the log, so whatever is done to it loses nothing.

import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Random } from '../../src/lib/random.ts'
import { waitFor } from '../support/wait-for.ts'

const name = 'meta.db'
const walName = `${name}-wal`
const flippedMax = 40

export class ViewHarm {
  readonly #folder: string
  /** A view as an earlier round left it, and what SQLite had beside it. */
  #older: { readonly database: Buffer; readonly wal: Buffer | undefined } | undefined

  /** @param dataFolder of a broker that is down whenever something is called, but for `waitUntilMade`. */
  constructor(dataFolder: string) {
    this.#folder = dataFolder
  }

  /** Says what was done; undefined when there was nothing to harm. */
  apply(random: Random): string | undefined {
    const path = join(this.#folder, name)
    if (!existsSync(path)) return undefined
    const bytes = readFileSync(path)
    const older = this.#older
    const done = this.#harm(random, bytes)
    // Kept for a later round, and not each time: the older the worse.
    if (older === undefined || random.below(3) === 0) {
      this.#older = { database: bytes, wal: readIfThere(join(this.#folder, walName)) }
    }
    return done
  }

  /**
   * Resolves when the view shows exactly these queues.
   * @throws Error when it does not in time.
   */
  async waitUntilMade(queues: readonly string[]): Promise<void> {
    const expected = queues.toSorted().join(' ')
    let shown: string | undefined
    await waitFor(
      'meta.db is made again from the log',
      () => {
        shown = this.#shownQueues()
        return shown === expected
      },
      15_000,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; it shows ${shown} instead of ${expected}`)
    })
  }

  #harm(random: Random, bytes: Buffer): string {
    const path = join(this.#folder, name)
    switch (random.below(5)) {
      case 0:
        for (const file of [path, `${path}-wal`, `${path}-shm`]) rmSync(file, { force: true })
        return 'deleted'
      case 1:
        // What SQLite has beside it is left to whatever comes next.
        rmSync(path)
        return 'deleted without its write-ahead log'
      case 2:
        writeFileSync(path, bytes.subarray(0, random.below(bytes.length + 1)))
        return 'truncated'
      case 3:
        return this.#flip(random, random.below(2) === 0 ? name : walName)
      default:
        return this.#putOlder(random)
    }
  }

  #flip(random: Random, file: string): string {
    const path = join(this.#folder, file)
    const bytes = readIfThere(path)
    if (bytes === undefined || bytes.length === 0) return 'left as it was'
    const count = 1 + random.below(flippedMax)
    for (let flipped = 0; flipped < count; flipped++) {
      const at = random.below(bytes.length)
      bytes[at]! ^= 1 << random.below(8)
    }
    writeFileSync(path, bytes)
    return `changed in ${count} bits of ${file}`
  }

  #putOlder(random: Random): string {
    const older = this.#older
    if (older === undefined) return 'left as it was'
    writeFileSync(join(this.#folder, name), older.database)
    if (random.below(2) === 0) return 'an older copy beside a newer write-ahead log'
    if (older.wal === undefined) rmSync(join(this.#folder, walName), { force: true })
    else writeFileSync(join(this.#folder, walName), older.wal)
    return 'an older copy'
  }

  /** Of a copy: the broker's writer lets nobody else in. Undefined while it cannot be read. */
  #shownQueues(): string | undefined {
    const folder = mkdtempSync(join(tmpdir(), 'pabal-view-'))
    try {
      for (const file of [name, walName]) {
        const path = join(this.#folder, file)
        if (existsSync(path)) copyFileSync(path, join(folder, file))
      }
      using database = new DatabaseSync(join(folder, name))
      const rows = database.prepare('select name from queues order by name').all()
      return rows.map((row) => String(row['name'])).join(' ')
    } catch {
      return undefined
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
}

function readIfThere(path: string): Buffer | undefined {
  return existsSync(path) ? readFileSync(path) : undefined
}
