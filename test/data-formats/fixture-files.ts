// Where fixtures are, and how one is packed: `<version>/folder.tgz` is a data folder as `kill -9` leaves it,
// `<version>/backup.tar.zst` a backup of it while its broker ran, `<version>/facts.json` what was written to it.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Facts } from './section.ts'

const fixturesFolder: string = path.join(import.meta.dirname, 'fixtures')

export interface FixtureFacts {
  /** Milliseconds since 1970: when the last of it was written. */
  readonly writtenAt: number
  /** By name of the section. */
  readonly sections: Readonly<Record<string, Facts>>
}

/** The releases of which there are fixtures; what stood between two of them is `0.1.0+LABEL`. */
export const fixtureVersions: readonly string[] = readdirSync(fixturesFolder)

/** Of the program that wrote a fixture. */
export function versionOf(release: string): string {
  return release.replace(/\+.*/, '')
}

/** What a folder has that nobody needs to find again. */
const leftOut = ['reserve', 'lock.db*', 'pabal.sock', '*.spare', 'volatile']

/** The file for the backup of a new fixture. */
export function backupOf(version: string): string {
  return path.join(fixturesFolder, version, 'backup.tar.zst')
}

export function packFixture(version: string, data: string, facts: FixtureFacts): void {
  const folder = path.join(fixturesFolder, version)
  mkdirSync(folder, { recursive: true })
  const exclude = leftOut.map((name) => `--exclude=${name}`)
  const names = readdirSync(data)
  execFileSync('tar', ['-czf', path.join(folder, 'folder.tgz'), ...exclude, '-C', data, ...names])
  writeFileSync(path.join(folder, 'facts.json'), `${JSON.stringify(facts, undefined, 2)}\n`)
}

/** Makes `data` the folder as it was. */
export function unpackFixture(version: string, data: string): FixtureFacts {
  const folder = path.join(fixturesFolder, version)
  mkdirSync(data, { recursive: true })
  execFileSync('tar', ['-xzf', path.join(folder, 'folder.tgz'), '-C', data])
  return factsOf(version)
}

export function factsOf(version: string): FixtureFacts {
  const text = readFileSync(path.join(fixturesFolder, version, 'facts.json'), 'utf8')
  return JSON.parse(text) as FixtureFacts
}
