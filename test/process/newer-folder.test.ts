// A data folder that a newer version has written to, under an older one: the start, `verify` and `repair`
// each say in one line that this version cannot read it and what to do, and leave it as it is.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { encodeGroupKey } from '../../src/broker/group/group-rows.ts'
import { LogGroupStore } from '../../src/broker/group/log-group-store.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { Turn } from '../../src/lib/turn.ts'
import { formatVersion } from '../../src/log/file/file-format.ts'
import { decodeManifest, encodeManifest, manifestName } from '../../src/log/file/manifest.ts'
import { openFileLogStore } from '../../src/log/file/open-file-log-store.ts'
import { createSystemDisk } from '../../src/log/file/system-disk.ts'
import type { LogStore } from '../../src/log/log-store.ts'
import { encodeTopologyChanges } from '../../src/meta/topology-change.ts'
import { emptyTable } from '../../src/record/message/field-table.ts'
import { ScratchFolder } from './broker-program.ts'
import { FolderBroker, runCommand } from './filled-folder.ts'

/** A data folder that a version of the future has written something to. */
async function makeFolder(folder: ScratchFolder, write: (store: LogStore) => void): Promise<void> {
  mkdirSync(folder.file('data'))
  const { store } = await openFileLogStore({
    path: folder.file('data'),
    disk: createSystemDisk(),
    clock: systemClock,
    turn: new Turn(systemClock),
    durability: 'fsync',
  })
  write(store)
  await store.close()
}

function writeTopology(store: LogStore, entry: Buffer): void {
  store.beginAtom()
  store.putTopology(entry)
  store.endAtom()
}

async function expectRefusal(folder: ScratchFolder, says: RegExp): Promise<void> {
  await using program = FolderBroker.run(folder)
  const { code } = await program.ended()
  // The log may have a line besides, of the view that is made in the background.
  assert.match(program.stderr.replace(/^\{.*meta\.db.*\}\n/, ''), says)
  assert.equal(code, 65)
}

async function expectCommandRefusal(folder: ScratchFolder, says: RegExp): Promise<void> {
  for (const command of ['verify', 'repair']) {
    const { code, text } = await runCommand(folder, command)
    assert.match(text, says)
    assert.equal(code, 65)
  }
}

const entries: readonly [string, Buffer, RegExp][] = [
  [
    'of a newer format',
    Buffer.from('\u0009[]'),
    /^pabal: .*topology entry of format 9, .* reads formats 2 to \d+: use the Pabal that wrote it\n$/,
  ],
  [
    'about something unknown',
    Buffer.from('\u0002[{"kind":"moon","op":"put"}]'),
    /^pabal: .*topology entry \(.*moon.*\): use the Pabal that wrote it\n$/,
  ],
]
for (const [name, entry, says] of entries) {
  test(`a folder with a topology entry ${name} is refused`, async () => {
    using folder = new ScratchFolder()
    await makeFolder(folder, (store) => writeTopology(store, entry))
    await expectRefusal(folder, says)
    await expectCommandRefusal(folder, says)
  })
}

test('a folder with an exchange of a type that came later is refused', async () => {
  using folder = new ScratchFolder()
  const names = { vhost: '/', name: 'x', type: 'x-moon' }
  const row = { ...names, autoDelete: false, internal: false, arguments: emptyTable }
  const entry = encodeTopologyChanges([{ kind: 'exchange', op: 'put', row }])
  await makeFolder(folder, (store) => writeTopology(store, entry))
  await expectRefusal(
    folder,
    /^pabal: .*\(unknown exchange type 'x-moon'\): use the Pabal that wrote it\n$/,
  )
})

test('a folder with a consumer group of a newer format is refused', async () => {
  using folder = new ScratchFolder()
  await makeFolder(folder, (store) => {
    const row = { key: encodeGroupKey('g'), value: Buffer.from([9]) }
    new LogGroupStore(store).write([row], () => undefined)
  })
  await expectRefusal(
    folder,
    /^pabal: .*\(a consumer group is stored in format 9, .*\): use the Pabal that wrote it\n$/,
  )
})

test('a folder of a newer format of the log is refused', async () => {
  using folder = new ScratchFolder()
  await makeFolder(folder, () => undefined)
  const file = folder.file(`data/${manifestName}`)
  const content = decodeManifest(readFileSync(file))
  assert.ok(content)
  writeFileSync(
    file,
    encodeManifest({ ...content, version: formatVersion + 1, writtenBy: '7.8.9' }),
  )
  const says =
    /^pabal: the data folder \S+ was written by Pabal 7\.8\.9 in format \d+, and this Pabal \S+ reads formats 3 to \d+: use Pabal 7\.8\.9 or a later one, or restore a backup from before it was upgraded\n$/
  await expectRefusal(folder, says)
  await expectCommandRefusal(folder, says)
})
