// Who may read and write the files of a data folder.
import assert from 'node:assert/strict'
import { chmodSync, chownSync, existsSync, readdirSync, type Stats, statSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { waitFor } from '../support/wait-for.ts'
import { BrokerProgram, ScratchFolder } from './broker-program.ts'
import { FolderBroker } from './filled-folder.ts'

function modeOf(stats: Stats): number {
  if (stats.isSocket()) return 0o600
  return stats.isDirectory() ? 0o750 : 0o640
}

/** Everything in a folder, and the folder. */
function allIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return [folder, ...names.map((name) => path.join(folder, name))]
}

test('nobody but its user and group reads what a broker keeps, and nobody else uses its socket', async () => {
  using folder = new ScratchFolder()
  await using broker = await FolderBroker.start(folder)
  await broker.fill('kept', 10)
  await waitFor('the view is there', () => existsSync(folder.file('data/meta.db')))
  assert.ok(statSync(folder.file('data/pabal.sock')).isSocket())
  for (const each of allIn(folder.file('data'))) {
    // SQLite's journal comes and goes.
    const stats = statSync(each, { throwIfNoEntry: false })
    if (stats === undefined) continue
    assert.equal(stats.mode & 0o777, modeOf(stats), each)
  }
})

test('a broker refuses a read-only data folder in one sentence, and verify reads it', async () => {
  using folder = new ScratchFolder()
  {
    await using broker = await FolderBroker.start(folder)
    await broker.fill('kept', 10)
    await broker.stop()
  }
  // Root writes everywhere, so the broker is somebody else then.
  const userId = process.getuid?.() === 0 ? 65_534 : undefined
  for (const each of [folder.path, ...allIn(folder.file('data'))].toReversed()) {
    if (userId !== undefined) chownSync(each, userId, userId)
    if (each !== folder.path) chmodSync(each, statSync(each).isDirectory() ? 0o550 : 0o440)
  }
  await using program = FolderBroker.run(folder, [], userId)
  const { code } = await program.ended()
  await using verify = BrokerProgram.run(
    folder,
    ['verify', '--data', folder.file('data')],
    {},
    userId,
  )
  const verified = await verify.ended()
  for (const each of allIn(folder.file('data'))) chmodSync(each, 0o750)
  assert.equal(code, 73, program.stderr)
  assert.match(program.stderr, /^pabal: .*cannot be written.*--data\n$/)
  assert.equal(verified.code, 0, verify.stderr)
  assert.match(verify.stdout, /10 records/)
})
