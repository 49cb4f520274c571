// What a start makes of a view that is not what the log says.
import assert from 'node:assert/strict'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test, type TestContext } from 'node:test'
import {
  appliedIn,
  binding,
  bringUp,
  deletion,
  LoggedTopology,
  newFolder,
  putExchange,
  putQueue,
  rowsIn,
  TopologyViewUnderTest,
} from '../../test/support/topology-view-under-test.ts'
import { metaLimits } from '../limits/meta.ts'

function someLog(): LoggedTopology {
  const log = new LoggedTopology()
  log.put(putExchange('x'))
  log.put(putQueue('a-queue-with-a-name', 1), putQueue('r', 2))
  log.put(binding('put', 'x', 'r'))
  log.put(deletion('queue', 'nothing'))
  return log
}

/** A folder whose view shows all of the log. */
async function folderWith(t: TestContext, log: LoggedTopology): Promise<string> {
  const folder = newFolder(t)
  await bringUp(folder, log)
  return folder
}

function assertShows(folder: string, log: LoggedTopology): void {
  const { topology } = log
  assert.equal(appliedIn(folder), topology.appliedSequence)
  assert.deepEqual(
    rowsIn(folder, 'queues').map(({ name, log_id: logId }) => [name, logId]),
    topology.queues.map(({ name, logId }) => [name, logId]),
  )
  assert.equal(rowsIn(folder, 'exchanges').length, topology.exchanges.length)
  assert.equal(rowsIn(folder, 'bindings').length, topology.bindings.length)
}

const view = (folder: string): string => path.join(folder, 'meta.db')

/** Changes bytes in the file, wherever SQLite put them. */
function replaceInFile(folder: string, from: string, to: string): void {
  const bytes = readFileSync(view(folder))
  const at = bytes.indexOf(from)
  assert.ok(at > 0, `${from} is in the file`)
  bytes.write(to, at)
  writeFileSync(view(folder), bytes)
}

describe('a view at the start', () => {
  test('that shows what the log says stays as it is', async (t) => {
    const log = someLog()
    const folder = await folderWith(t, log)
    assert.equal(await bringUp(folder, log), undefined)
    assertShows(folder, log)
  })

  test('that lacks the last entries gets them, deletions included', async (t) => {
    const log = someLog()
    const folder = await folderWith(t, log)
    log.put(deletion('exchange', 'x'))
    log.put(putQueue('s', 3))
    assert.equal(await bringUp(folder, log), undefined)
    assertShows(folder, log)
  })

  test('of names that are no UTF-8 stays as it is', async (t) => {
    const log = new LoggedTopology()
    // Bytes FF and FE, what SQLite would make of both, and what they are kept as.
    const names = ['\udcff', '\udcfe', '\ufffd', '\ufffd{dcff}']
    for (const [index, name] of names.entries()) log.put(putQueue(name, index + 1))
    const folder = await folderWith(t, log)
    assert.equal(await bringUp(folder, log), undefined)
    log.put(deletion('queue', '\udcff'))
    assert.equal(await bringUp(folder, log), undefined)
    assert.equal(rowsIn(folder, 'queues').length, names.length - 1)
  })

  const wrong: Record<string, readonly [RegExp, (folder: string) => void]> = {
    'that is missing': [/is missing/, (folder) => rmSync(view(folder))],
    'that is empty': [/is missing/, (folder) => writeFileSync(view(folder), '')],
    'that is no database': [
      /cannot be used \(file is not a database\)/,
      (folder) => writeFileSync(view(folder), 'x'.repeat(8192)),
    ],
    'of another version': [
      /cannot be used \(its format is 99\)/,
      (folder) => {
        using database = new DatabaseSync(view(folder))
        database.exec('pragma user_version = 99')
      },
    ],
    'without one of its tables': [
      /cannot be used \(no such table: queues\)/,
      (folder) => {
        using database = new DatabaseSync(view(folder))
        database.exec('drop table queues')
      },
    ],
    'with a bit flipped in the name of a queue': [
      /shows something else than the log says/,
      // `e` and `a` are a bit apart.
      (folder) => replaceInFile(folder, 'a-queue-with', 'a-quaue-with'),
    ],
    'in which a queue has another log': [
      /shows something else than the log says/,
      (folder) => {
        using database = new DatabaseSync(view(folder))
        database.exec(`update queues set log_id = 2 where name = 'a-queue-with-a-name'`)
      },
    ],
    'that lost a row': [
      /shows something else than the log says/,
      (folder) => {
        using database = new DatabaseSync(view(folder))
        database.exec('delete from bindings')
      },
    ],
    'that is ahead of the log': [
      /shows changes that the log does not have/,
      (folder) => {
        using database = new DatabaseSync(view(folder))
        database.exec('update applied set sequence = 5')
      },
    ],
    'that was being made again': [
      /was not finished/,
      (folder) => {
        using database = new DatabaseSync(view(folder))
        database.exec('update applied set sequence = 0')
      },
    ],
  }
  for (const [name, [reason, harm]] of Object.entries(wrong)) {
    test(`${name} is made again, and said once`, async (t) => {
      const log = someLog()
      const folder = await folderWith(t, log)
      harm(folder)
      assert.match((await bringUp(folder, log)) ?? 'nothing', reason)
      assertShows(folder, log)
      assert.equal(await bringUp(folder, log), undefined)
    })
  }

  test('of another folder is made again', async (t) => {
    const log = someLog()
    const folder = await folderWith(t, log)
    const others = new LoggedTopology()
    for (const number of [1, 2, 3, 4]) others.put(putQueue(`other ${number}`, number))
    const other = await folderWith(t, others)
    cpSync(view(other), view(folder))
    assert.match((await bringUp(folder, log)) ?? '', /something else/)
    assertShows(folder, log)
  })

  test('from an older copy gets what it lacks while the log has it, and is made again after', async (t) => {
    const log = someLog()
    const folder = await folderWith(t, log)
    const copy = path.join(folder, 'copy.db')
    cpSync(view(folder), copy)
    log.put(putQueue('later', 3))
    log.put(deletion('queue', 'r'))
    await bringUp(folder, log)
    cpSync(copy, view(folder))
    assert.equal(await bringUp(folder, log), undefined)
    assertShows(folder, log)
    cpSync(copy, view(folder))
    // The log has summed up what came before.
    const summed = new LoggedTopology()
    summed.entries.push({ ...summed.put(putExchange('x'), putQueue('later', 3)), sequence: 6 })
    summed.entries.shift()
    assert.match((await bringUp(folder, summed)) ?? '', /is older/)
    assertShows(folder, summed)
  })

  test('that is made again while entries come has all of them', async (t) => {
    const log = someLog()
    const folder = newFolder(t)
    {
      await using opened = new TopologyViewUnderTest(folder)
      opened.view.follow({ topology: log.topology, entries: [...log.entries] })
      const { sequence, bytes } = log.put(putQueue('z at once', 9))
      opened.view.apply(sequence, bytes)
      await opened.view.flush()
      assert.equal(opened.rebuilt.length, 1)
      assert.deepEqual(opened.applied, [sequence])
    }
    assertShows(folder, log)
  })

  test('that is closed while it is made again is made again at the next start', async (t) => {
    const folder = newFolder(t)
    const log = new LoggedTopology()
    const count = Math.ceil((3 * metaLimits.viewBatchSize) / 100)
    for (let number = 1; number <= count; number++) log.put(putQueue(`queue ${number}`, number))
    {
      await using opened = new TopologyViewUnderTest(folder)
      opened.view.follow({ topology: log.topology, entries: log.entries })
    }
    await bringUp(folder, log)
    assert.equal(rowsIn(folder, 'queues').length, count)
    assert.equal(appliedIn(folder), count)
  })
})
