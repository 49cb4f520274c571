// PostgreSQL's programs on this machine, and the user that they run as: the server refuses root.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'

/** Where Debian's packages have them, a folder for each version: they are not on the PATH. */
const packages = '/usr/lib/postgresql'
const programs = ['initdb', 'postgres'] as const

export interface PostgresUser {
  readonly uid: number
  readonly gid: number
}

/** Folder of the newest version's programs, else of those on the PATH; undefined when there are none. */
export function findPostgres(searchPath: string = process.env['PATH'] ?? ''): string | undefined {
  const versions = existsSync(packages) ? readdirSync(packages) : []
  const newestFirst = versions.toSorted((left, right) => Number(right) - Number(left))
  const folders = [
    ...newestFirst.map((version) => path.join(packages, version, 'bin')),
    ...searchPath.split(path.delimiter).filter((folder) => path.isAbsolute(folder)),
  ]
  return folders.find((folder) => programs.every((name) => existsSync(path.join(folder, name))))
}

/** Whoever is root runs the server as the package's own user. @throws Error when there is none. */
export function postgresUser(): PostgresUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore']
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio }))
  return { uid: id('-u'), gid: id('-g') }
}
