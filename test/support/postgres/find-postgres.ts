// PostgreSQL's programs from Debian's package, and the user that they run as: the server refuses root.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const packages = '/usr/lib/postgresql'

/** Folder of the newest version's programs; undefined when there are none. */
export function findPostgres(): string | undefined {
  if (!existsSync(packages)) return undefined
  const folders = readdirSync(packages).map((version) => join(packages, version, 'bin'))
  return folders
    .filter((folder) => existsSync(join(folder, 'initdb')))
    .toSorted()
    .at(-1)
}

/** Whoever is root runs the server as the package's own user. */
export function postgresUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** Why a test with PostgreSQL is skipped, or false; where everything is required, it fails instead. */
export function postgresMissing(): string | false {
  if (findPostgres()) return false
  if (process.env['PABAL_REQUIRE_ALL'] === '1') throw new Error('missing: PostgreSQL')
  return 'PostgreSQL is not installed'
}
