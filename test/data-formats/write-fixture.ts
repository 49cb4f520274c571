// Writes the fixture of this release: `npm run fixture:write`, then `npm run format`, once, when the release is
// made. Never again: a fixture is what that release wrote. `npm run fixture:write -- LABEL` writes one of what
// stands between two releases, where much is new.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { takeBackup } from '../../src/cli/take-backup.ts'
import { version } from '../../src/lib/version.ts'
import { decodeManifest, manifestName } from '../../src/log/file/manifest.ts'
import type { ManifestContent } from '../../src/log/file/manifest.ts'
import { waitFor } from '../support/wait-for.ts'
import { FixtureBroker } from './fixture-broker.ts'
import { backupOf, fixtureVersions, packFixture } from './fixture-files.ts'
import { type Facts, fillUnsealed } from './section.ts'
import { sections } from './sections.ts'

const [, , label] = process.argv
const release = label === undefined ? version : `${version}+${label}`
if (fixtureVersions.includes(release)) throw new Error(`There is a fixture of ${release} already`)
const scratch = mkdtempSync(path.join(tmpdir(), 'pabal-fixture-'))
const data = path.join(scratch, 'data')
const copy = path.join(scratch, 'copy')

const facts: Record<string, Facts> = {}
// Several starts, so that there are sealed files, a file of what was copied, and an open one.
const parts = [
  sections.filter((_, index) => index % 2 === 1),
  sections.filter((_, index) => index % 2 === 0),
  [],
]
for (const part of parts) {
  await using broker = await FixtureBroker.open(data)
  for (const section of part) {
    const own: Facts = {}
    await section.fill(broker, own)
    facts[section.name] = own
  }
  if (part.length > 0) continue
  const isTidy = ({ files, topology }: ManifestContent): boolean =>
    files.some(({ kind }) => kind === 'survivors') && topology !== undefined
  await waitFor(
    'what lives is copied, and the topology has its file',
    () => isTidy(readManifest()),
    20_000,
  )
  await fillUnsealed(broker)
  await waitFor('what a killed process would leave is copied', copyAsItIs)
  await takeBackup({
    broker: broker.api,
    target: backupOf(release),
    rate: undefined,
    print: () => undefined,
  })
}
packFixture(release, copy, { writtenAt: Date.now(), sections: facts })
rmSync(scratch, { recursive: true })
process.exit(0)

/** False when something changed meanwhile. */
function copyAsItIs(): boolean {
  const before = readManifest()
  rmSync(copy, { recursive: true, force: true })
  cpSync(data, copy, { recursive: true, filter: (name) => !name.endsWith('.sock') })
  const isWhole = isDeepStrictEqual(before, readManifest(copy))
  return isWhole && isDeepStrictEqual(before, readManifest()) && !existsSync(`${copy}/MANIFEST.new`)
}

function readManifest(folder = data): ManifestContent {
  const content = decodeManifest(readFileSync(path.join(folder, manifestName)))
  if (content === undefined) throw new Error('the manifest is damaged')
  return content
}
