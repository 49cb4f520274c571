// Writes the fixture of this release: `npm run fixture:write`, then `npm run format`, once, when the release is
// made. Never again: a fixture is what that release wrote.
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
import type { Facts } from './section.ts'
import { sections } from './sections.ts'

if (fixtureVersions.includes(version)) throw new Error(`There is a fixture of ${version} already`)
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
  // The last word is not sealed.
  await broker.channel.assertQueue('unsealed')
  broker.channel.sendToQueue('unsealed', Buffer.from('the last message'), { persistent: true })
  await broker.channel.waitForConfirms()
  await waitFor('what a killed process would leave is copied', copyAsItIs)
  await takeBackup({
    broker: broker.api,
    target: backupOf(version),
    rate: undefined,
    print: () => undefined,
  })
}
packFixture(version, copy, { writtenAt: Date.now(), sections: facts })
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
