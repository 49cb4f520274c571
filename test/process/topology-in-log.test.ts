// The log is the truth about what was declared: whatever becomes of `meta.db`, a start has every queue
// with every message, and says once that the file was wrong. A log that no queue has any more is kept.
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { systemClock } from '../../src/lib/clock.ts'
import { Turn } from '../../src/lib/turn.ts'
import { openFileLogStore } from '../../src/log/file/open-file-log-store.ts'
import { createSystemDisk } from '../../src/log/file/system-disk.ts'
import type { RecordSource } from '../../src/record/message/record-source.ts'
import { createLogWithCursor } from '../support/log-engines.ts'
import { messageOf } from '../support/queue-under-test.ts'
import { waitFor } from '../support/wait-for.ts'
import { ScratchFolder } from './broker-program.ts'
import { filledBodies, FolderBroker, runCommand } from './filled-folder.ts'

/** A folder whose first WAL file, with the declarations, has gone since. */
async function fill(folder: ScratchFolder): Promise<void> {
  {
    await using broker = await FolderBroker.start(folder)
    await broker.fill('first-queue', 20)
    await broker.stop()
  }
  cpSync(folder.file('data/meta.db'), folder.file('older.db'))
  await using broker = await FolderBroker.start(folder)
  await broker.fill('second-queue', 20)
  await broker.stop()
}

/** Flips one bit in the name of a queue, wherever the file has it. */
function flipName(folder: ScratchFolder): void {
  const file = folder.file('data/meta.db')
  const bytes = readFileSync(file)
  const at = bytes.indexOf('second-queue')
  assert.ok(at > 0)
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  writeFileSync(file, bytes)
}

const harms: Record<string, (folder: ScratchFolder) => void> = {
  'is deleted': (folder) => rmSync(folder.file('data/meta.db')),
  'has a bit flipped in the name of a queue': flipName,
  'is no database any more': (folder) =>
    writeFileSync(folder.file('data/meta.db'), 'x'.repeat(9000)),
}

test('every queue is there with every message, whatever becomes of meta.db', async () => {
  using folder = new ScratchFolder()
  await fill(folder)
  for (const [name, harm] of Object.entries(harms)) {
    harm(folder)
    await using broker = await FolderBroker.start(folder)
    const { program } = broker
    const isSaid = (): boolean => program.stderr.includes('meta.db')
    await waitFor(`the broker says that meta.db ${name}`, isSaid)
    assert.match(program.stderr, /meta\.db .*: it is made again from the log/)
    for (const queue of ['first-queue', 'second-queue']) {
      assert.deepEqual(
        (await broker.bodiesIn(queue)).toSorted(),
        filledBodies(queue, 20).toSorted(),
      )
    }
    await broker.stop()
    assert.equal((await runCommand(folder, 'verify')).code, 0)
  }
})

test('an older meta.db is brought up to date without a word', async () => {
  using folder = new ScratchFolder()
  await fill(folder)
  cpSync(folder.file('older.db'), folder.file('data/meta.db'))
  await using broker = await FolderBroker.start(folder)
  assert.equal((await broker.bodiesIn('second-queue')).length, 20)
  await broker.stop()
  assert.doesNotMatch(broker.program.stderr, /meta\.db/)
  assert.ok(readFileSync(folder.file('data/meta.db')).includes('second-queue'))
})

/** A message as a client sends it, without properties. */
function sentMessage(body: string): RecordSource {
  const message = messageOf(body)
  message.header.writeUInt16BE(60, 0)
  message.header.writeBigUInt64BE(BigInt(message.bodyEnd), 4)
  return message
}

/** A folder in which nobody knows whose the messages of a log are. */
async function fillUnowned(folder: ScratchFolder, bodies: readonly string[]): Promise<void> {
  mkdirSync(folder.file('data'))
  const { store } = await openFileLogStore({
    path: folder.file('data'),
    disk: createSystemDisk(),
    clock: systemClock,
    turn: new Turn(systemClock),
    durability: 'fsync',
  })
  store.beginAtom()
  const log = createLogWithCursor(store)
  for (const body of bodies) log.append(sentMessage(body), -1)
  store.endAtom()
  await store.close()
}

test('a log whose queue is not known is kept and named, and repair makes a queue of it', async () => {
  using folder = new ScratchFolder()
  const bodies = ['one', 'two', 'three']
  await fillUnowned(folder, bodies)
  for (let start = 0; start < 2; start++) {
    await using broker = await FolderBroker.start(folder)
    assert.match(broker.program.stderr, /Log 1 has 3 messages.*pabal repair/)
    await broker.stop()
  }
  const damaged = await runCommand(folder, 'verify')
  assert.equal(damaged.code, 65, damaged.text)
  assert.match(damaged.text, /log 1 has 3 messages, and which queue they are in is not known/)
  const planned = await runCommand(folder, 'repair', '--dry-run')
  assert.match(planned.text, /make a queue 'recovered-log-1' of log 1 with its 3 messages/)
  const repaired = await runCommand(folder, 'repair')
  assert.equal(repaired.code, 0, repaired.text)
  assert.doesNotMatch(repaired.text, /lost/)
  assert.equal((await runCommand(folder, 'verify')).code, 0)
  await using broker = await FolderBroker.start(folder)
  assert.deepEqual(await broker.bodiesIn('recovered-log-1'), bodies)
})
