import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import {
  appliedIn,
  binding,
  LoggedTopology,
  newFolder,
  putExchange,
  putQueue,
  rowsIn,
  TopologyViewUnderTest,
} from '../../test/support/topology-view-under-test.ts'
import { systemClock } from '../lib/clock.ts'
import { metaLimits } from '../limits/meta.ts'
import { DataFolderLockedError, DataFolderUnwritableError } from './topology-error.ts'

describe('TopologyView', () => {
  test('nothing is written for a new folder until something is declared', async (t) => {
    const folder = newFolder(t)
    const log = new LoggedTopology()
    {
      await using opened = await TopologyViewUnderTest.follow(folder, log)
      assert.throws(() => rowsIn(folder, 'queues'), /no such table/)
      rmSync(path.join(folder, 'meta.db'))
      const { sequence, bytes } = log.put(putQueue('q', 7))
      opened.view.apply(sequence, bytes)
      await opened.view.flush()
      assert.deepEqual([opened.applied, opened.rebuilt], [[1], []])
    }
    assert.equal(rowsIn(folder, 'queues')[0]?.['name'], 'q')
  })

  test('what was applied is in the tables, with arguments as JSON', async (t) => {
    const folder = newFolder(t)
    const log = new LoggedTopology()
    {
      await using opened = await TopologyViewUnderTest.follow(folder, log)
      log.put(putExchange('x'), putQueue('q', 7))
      log.put(binding('put', 'x', 'q'))
      log.put({ kind: 'vhost', op: 'put', row: { name: 'other' } })
      log.put(putQueue('r', 8, [{ priority: 1, logId: 9, cursorId: 10 }]))
      for (const { sequence, bytes } of log.entries) opened.view.apply(sequence, bytes)
      await opened.view.flush()
      assert.equal(opened.view.appliedSequence, 4)
      assert.equal(opened.applied.at(-1), 4)
    }
    assert.equal(appliedIn(folder), 4)
    assert.equal(rowsIn(folder, 'queues')[0]?.['log_id'], 7)
    assert.deepEqual(
      rowsIn(folder, 'queues').map(({ levels }) => levels),
      [null, '[{"priority":1,"logId":9,"cursorId":10}]'],
    )
    assert.equal(rowsIn(folder, 'vhosts')[0]?.['name'], 'other')
    assert.equal(rowsIn(folder, 'bindings')[0]?.['routing_key'], 'a\0\nkey.ü')
    assert.match(String(rowsIn(folder, 'exchanges')[0]?.['arguments']), /x-expires/)
  })

  test('a second broker is told that the data folder is in use', async (t) => {
    const folder = newFolder(t)
    await using first = new TopologyViewUnderTest(folder)
    assert.throws(() => new TopologyViewUnderTest(folder), DataFolderLockedError)
    await first.view.close()
    await using second = new TopologyViewUnderTest(folder)
    assert.equal(second.view.appliedSequence, 0)
  })

  test('a missing folder is reported', (t) => {
    const folder = path.join(newFolder(t), 'missing')
    assert.throws(() => new TopologyViewUnderTest(folder), DataFolderUnwritableError)
  })

  test('a broker that was killed does not block the folder, and left whole entries', async (t) => {
    const folder = newFolder(t)
    const child = spawn(process.execPath, [writeUntilKilled(folder)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    assert.throws(() => new TopologyViewUnderTest(folder), DataFolderLockedError)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const applied = Number(appliedIn(folder))
    assert.ok(applied > 0)
    assert.equal(rowsIn(folder, 'exchanges').length, applied)
    assert.equal(rowsIn(folder, 'queues').length, applied)
  })

  test('a failed write is reported, kept and tried again', async (t) => {
    const folder = newFolder(t)
    const retries: (() => void)[] = []
    const failed = Promise.withResolvers<Error>()
    const clock = {
      ...systemClock,
      after: (_ms: number, callback: () => void) => {
        retries.push(callback)
        return { stop() {} }
      },
    }
    await using opened = new TopologyViewUnderTest(folder, { clock, onFailed: failed.resolve })
    const { view } = opened
    const file = path.join(folder, 'meta.db')
    writeFileSync(file, 'x'.repeat(8192))
    const { sequence, bytes } = new LoggedTopology().put(putQueue('q', 1))
    view.apply(sequence, bytes)
    assert.ok((await failed.promise) instanceof Error)
    rmSync(file)
    retries[0]?.()
    await view.flush()
    assert.equal(view.appliedSequence, 1)
  })

  test('a writer that ended for want of work is there again when there is some', async (t) => {
    const folder = newFolder(t)
    const timers: (() => void)[] = []
    const clock = {
      ...systemClock,
      after: (_ms: number, callback: () => void) => {
        timers.push(callback)
        return { stop() {} }
      },
    }
    const log = new LoggedTopology()
    {
      await using opened = new TopologyViewUnderTest(folder, { clock })
      for (const number of [1, 2, 3]) {
        const { sequence, bytes } = log.put(putQueue(`q${number}`, number))
        opened.view.apply(sequence, bytes)
        await opened.view.flush()
        assert.equal(timers.length, number)
        // It is still ending when the next entry comes.
        timers.at(-1)?.()
      }
    }
    assert.equal(rowsIn(folder, 'queues').length, 3)
  })

  test('entries of more than one batch arrive in order', async (t) => {
    const folder = newFolder(t)
    const log = new LoggedTopology()
    const count = 2 * metaLimits.topologyBatchMax + 1
    {
      await using opened = await TopologyViewUnderTest.follow(folder, log)
      for (let number = 1; number <= count; number++) {
        const { sequence, bytes } = log.put(putQueue(`q${number % 7}`, number))
        opened.view.apply(sequence, bytes)
      }
    }
    assert.equal(appliedIn(folder), count)
    const last = rowsIn(folder, 'queues').find((row) => row['name'] === `q${count % 7}`)
    assert.equal(last?.['log_id'], count)
  })
})

function writeUntilKilled(folder: string): string {
  const file = path.join(folder, 'child.mjs')
  writeFileSync(
    file,
    `
    import { TopologyView } from ${JSON.stringify(import.meta.resolve('./topology-view.ts'))}
    import { encodeTopologyChanges } from ${JSON.stringify(import.meta.resolve('./topology-change.ts'))}
    import { systemClock } from ${JSON.stringify(import.meta.resolve('../lib/clock.ts'))}
    import { emptyTable } from ${JSON.stringify(import.meta.resolve('../record/message/field-table.ts'))}
    let sequence = 0
    const view = new TopologyView({
      folder: ${JSON.stringify(folder)}, clock: systemClock,
      onApplied: (through) => { process.stdout.write(through + '\\n'); add() },
      onRebuilt: (reason) => { throw new Error(reason) },
      onFailed: (error) => { throw error },
    })
    function add() {
      for (let i = 0; i < 3; i += 1) {
        sequence += 1
        const common = { vhost: '/', name: 'n' + sequence, autoDelete: false, arguments: emptyTable }
        view.apply(sequence, encodeTopologyChanges([
          { kind: 'exchange', op: 'put', row: { ...common, type: 'direct', internal: false } },
          { kind: 'queue', op: 'put', row: { ...common, type: 'classic', logId: sequence, cursorId: sequence } },
        ]))
      }
    }
    setInterval(() => {}, 1000)
    add()
    `,
  )
  return file
}
