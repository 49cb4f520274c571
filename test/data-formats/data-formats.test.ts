// Data lasts: a folder that a release wrote opens in every later one, and clients find all of it.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { restoreFile } from '../../src/cli/restore-file.ts'
import { version } from '../../src/lib/version.ts'
import { decodeManifest, manifestName } from '../../src/log/file/manifest.ts'
import { createSystemDisk } from '../../src/log/file/system-disk.ts'
import { verifyDataFolder } from '../../src/log/file/verify.ts'
import { logAdopter } from '../../src/meta/adopt-logs.ts'
import { FixtureBroker } from './fixture-broker.ts'
import { backupOf, factsOf, fixtureVersions, unpackFixture, versionOf } from './fixture-files.ts'
import type { FixtureFacts } from './fixture-files.ts'
import { type Facts, fillUnsealed, openedAfterMs, takeBodies } from './section.ts'
import { sections } from './sections.ts'

async function assertSound(data: string): Promise<void> {
  const { problems } = await verifyDataFolder({
    disk: createSystemDisk(),
    path: data,
    isLocked: () => false,
    adopter: logAdopter,
  })
  assert.deepEqual(
    problems.filter(({ severity }) => severity === 'damage'),
    [],
  )
}

function open(data: string, { writtenAt }: FixtureFacts): Promise<FixtureBroker> {
  return FixtureBroker.open(data, writtenAt + openedAfterMs - Date.now())
}

async function checkAll(data: string, fixture: FixtureFacts): Promise<void> {
  const facts = fixture.sections
  await using broker = await open(data, fixture)
  for (const { name, check } of sections) {
    const own = facts[name]
    if (own !== undefined) await check(broker, own)
  }
  assert.deepEqual(await takeBodies(broker.channel, 'unsealed'), ['the last message'])
}

function writerOf(data: string): string | undefined {
  return decodeManifest(readFileSync(path.join(data, manifestName)))?.writtenBy
}

for (const release of fixtureVersions) {
  test(`all that ${release} wrote is there`, async (t) => {
    const scratch = mkdtempSync(path.join(tmpdir(), 'pabal-formats-'))
    t.after(() => rmSync(scratch, { recursive: true }))
    const data = path.join(scratch, 'data')
    const facts = unpackFixture(release, data)
    assert.equal(writerOf(data), versionOf(release))
    await assertSound(data)
    await checkAll(data, facts)
    await assertSound(data)
  })

  test(`all that ${release} had in its backup is there`, async (t) => {
    const scratch = mkdtempSync(path.join(tmpdir(), 'pabal-formats-'))
    t.after(() => rmSync(scratch, { recursive: true }))
    const facts = factsOf(release)
    const second = path.join(scratch, 'second')
    await restoreFile({
      file: backupOf(release),
      folder: second,
      isCheck: false,
      print: () => undefined,
    })
    assert.equal(writerOf(second), versionOf(release))
    // Looked into after a clean stop of this release, which has written anew what it had to.
    await (await open(second, facts))[Symbol.asyncDispose]()
    assert.equal(writerOf(second), version)
    await assertSound(second)
    await checkAll(second, facts)
  })
}

// Sections that no fixture has yet.
const newer = sections.filter(({ name }) =>
  fixtureVersions.every((release) => factsOf(release).sections[name] === undefined),
)

test('what no fixture has yet is there after a restart', async (t) => {
  const scratch = mkdtempSync(path.join(tmpdir(), 'pabal-formats-'))
  t.after(() => rmSync(scratch, { recursive: true }))
  const data = path.join(scratch, 'data')
  const written: Record<string, Facts> = {}
  {
    await using broker = await FixtureBroker.open(data)
    for (const { name, fill } of newer) await fill(broker, (written[name] = {}))
    await fillUnsealed(broker)
  }
  await assertSound(data)
  await checkAll(data, { writtenAt: Date.now(), sections: written })
})

test('a fixture has only sections that are known', () => {
  const known = sections.map(({ name }) => name)
  assert.equal(new Set(known).size, known.length)
  assert.ok(fixtureVersions.length > 0)
})
