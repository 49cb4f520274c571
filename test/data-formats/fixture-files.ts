// Where fixtures are, and how one is packed: `<version>/folder.tgz` is a data folder as `kill -9` leaves it,
// `<version>/facts.json` what was written to it.
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

/** The releases of which there are fixtures. */
export const fixtureVersions: readonly string[] = readdirSync(fixturesFolder)

/** What a folder has that nobody needs to find again. */
const leftOut = ['reserve', 'lock.db*', 'pabal.sock', '*.spare', 'volatile']

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
  return JSON.parse(readFileSync(path.join(folder, 'facts.json'), 'utf8')) as FixtureFacts
}
