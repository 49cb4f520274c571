import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test, type TestContext } from 'node:test'
import { systemClock } from '../lib/clock.ts'
import { metaLimits } from '../limits/meta.ts'
import { FieldTable, emptyTable } from '../record/message/field-table.ts'
import { encodeTopologyChanges, type TopologyChange } from './topology-change.ts'
import {
  DataFolderLockedError,
  DataFolderUnwritableError,
  TopologyDamagedError,
  TopologyVersionError,
} from './topology-error.ts'
import { checkReplayCovers, TopologyView } from './topology-view.ts'

const vhost = '/'
const args: FieldTable = FieldTable.from([['x-expires', { type: 'long', value: 5n << 60n }]])

function putExchange(name: string): TopologyChange {
  const row = { vhost, name, type: 'topic', autoDelete: true, internal: false, arguments: args }
  return { kind: 'exchange', op: 'put', row }
}

function putQueue(name: string, logId: number): TopologyChange {
  const row = {
    vhost,
    name,
    type: 'classic',
    logId,
    cursorId: logId,
    autoDelete: false,
    arguments: emptyTable,
  }
  return { kind: 'queue', op: 'put', row }
}

function binding(op: 'put' | 'delete', source: string, destination: string): TopologyChange {
  const row = {
    vhost,
    source,
    destinationKind: 'queue' as const,
    destination,
    routingKey: 'a\0\nkey.ü',
    arguments: args,
  }
  return { kind: 'binding', op, row }
}

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'pabal-view-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function openView(folder: string): TopologyView & { readonly applied: number[] } {
  const applied: number[] = []
  const view = new TopologyView({
    folder,
    clock: systemClock,
    onApplied: (sequence) => applied.push(sequence),
    onFailed: (error) => assert.fail(error),
  })
  return Object.assign(view, { applied })
}

describe('TopologyView', () => {
  test('load() of a new folder is empty at sequence 0', async (t) => {
    await using view = openView(newFolder(t))
    const topology = view.load()
    assert.equal(topology.appliedSequence, 0)
    assert.deepEqual(topology.bindings, [])
  })

  test('reload() gives what was applied so far, and more can be applied after it', async (t) => {
    await using view = openView(newFolder(t))
    view.load()
    view.apply(1, encodeTopologyChanges([putExchange('x')]))
    const { appliedSequence, exchanges } = await view.reload()
    assert.equal(appliedSequence, 1)
    assert.deepEqual(
      exchanges.map(({ name }) => name),
      ['x'],
    )
    view.apply(2, encodeTopologyChanges([putExchange('y')]))
    assert.equal((await view.reload()).exchanges.length, 2)
  })

  test('what was applied is loaded again, with arguments as they were', async (t) => {
    const folder = newFolder(t)
    {
      await using view = openView(folder)
      view.load()
      view.apply(1, encodeTopologyChanges([putExchange('x'), putQueue('q', 7)]))
      view.apply(2, encodeTopologyChanges([binding('put', 'x', 'q')]))
      view.apply(4, encodeTopologyChanges([{ kind: 'vhost', op: 'put', row: { name: 'other' } }]))
      await view.flush()
      assert.equal(view.appliedSequence, 4)
      assert.equal(view.applied.at(-1), 4)
    }
    await using view = openView(folder)
    const topology = view.load()
    assert.equal(topology.appliedSequence, 4)
    assert.deepEqual(
      [...topology.exchanges, ...topology.queues, ...topology.bindings],
      [putExchange('x'), putQueue('q', 7), binding('put', 'x', 'q')].map(
        (change) => 'row' in change && change.row,
      ),
    )
    assert.deepEqual(topology.vhosts, [{ name: 'other' }])
  })

  test('deleting a queue, an exchange or a vhost deletes its bindings', async (t) => {
    const folder = newFolder(t)
    const changes = [
      putExchange('x'),
      putExchange('y'),
      putQueue('q', 1),
      putQueue('r', 2),
      binding('put', 'x', 'q'),
      binding('put', 'x', 'r'),
      binding('put', 'y', 'r'),
      binding('put', 'y', 'q'),
    ]
    const deletions: [TopologyChange, number][] = [
      [{ kind: 'queue', op: 'delete', vhost, name: 'q' }, 2],
      [{ kind: 'exchange', op: 'delete', vhost, name: 'x' }, 1],
      [binding('delete', 'y', 'r'), 0],
    ]
    let sequence = 1
    for (const [deletion, bindingCount] of deletions) {
      await using view = openView(folder)
      if (view.load().appliedSequence === 0) view.apply(sequence, encodeTopologyChanges(changes))
      sequence += 1
      view.apply(sequence, encodeTopologyChanges([deletion]))
      await view.close()
      await using reopened = openView(folder)
      assert.equal(reopened.load().bindings.length, bindingCount)
    }
    {
      await using view = openView(folder)
      view.load()
      view.apply(9, encodeTopologyChanges([{ kind: 'vhost', op: 'delete', name: vhost }]))
    }
    await using view = openView(folder)
    assert.deepEqual(view.load(), {
      appliedSequence: 9,
      vhosts: [],
      exchanges: [],
      queues: [],
      bindings: [],
    })
  })

  test('apply() skips what the view has already', async (t) => {
    const folder = newFolder(t)
    {
      await using view = openView(folder)
      view.apply(1, encodeTopologyChanges([putQueue('q', 1)]))
      view.apply(2, encodeTopologyChanges([{ kind: 'queue', op: 'delete', vhost, name: 'q' }]))
    }
    await using view = openView(folder)
    view.load()
    view.apply(1, encodeTopologyChanges([putQueue('q', 1)]))
    view.apply(3, encodeTopologyChanges([putQueue('r', 2)]))
    await view.close()
    await using reopened = openView(folder)
    assert.deepEqual(
      reopened.load().queues.map((queue) => queue.name),
      ['r'],
    )
  })

  test('a second broker is told that the data folder is in use', async (t) => {
    const folder = newFolder(t)
    await using first = openView(folder)
    assert.throws(() => openView(folder), DataFolderLockedError)
    await first.close()
    await using second = openView(folder)
    assert.equal(second.load().appliedSequence, 0)
  })

  test('a missing folder is reported', (t) => {
    const folder = path.join(newFolder(t), 'missing')
    assert.throws(() => openView(folder), DataFolderUnwritableError)
  })

  test('a broker that was killed does not block the folder, and left whole entries', async (t) => {
    const folder = newFolder(t)
    const child = spawn(process.execPath, [writeUntilKilled(folder)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    assert.throws(() => openView(folder), DataFolderLockedError)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await using view = openView(folder)
    const { appliedSequence, exchanges, queues } = view.load()
    assert.ok(appliedSequence > 0)
    assert.equal(exchanges.length, appliedSequence)
    assert.equal(queues.length, appliedSequence)
  })

  test('load() reports a damaged file, and one of a newer version', async (t) => {
    const folder = newFolder(t)
    await using view = openView(folder)
    writeFileSync(path.join(folder, 'meta.db'), 'x'.repeat(8192))
    assert.throws(() => view.load(), TopologyDamagedError)
    rmSync(path.join(folder, 'meta.db'))
    using database = new DatabaseSync(path.join(folder, 'meta.db'))
    database.exec('pragma user_version = 3')
    assert.throws(() => view.load(), TopologyVersionError)
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
    await using view = new TopologyView({
      folder,
      clock,
      onApplied: () => {},
      onFailed: failed.resolve,
    })
    const file = path.join(folder, 'meta.db')
    writeFileSync(file, 'x'.repeat(8192))
    view.apply(1, encodeTopologyChanges([putQueue('q', 1)]))
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
    {
      await using view = new TopologyView({
        folder,
        clock,
        onApplied: () => {},
        onFailed: (error) => assert.fail(error),
      })
      for (const sequence of [1, 2, 3]) {
        view.apply(sequence, encodeTopologyChanges([putQueue(`q${sequence}`, sequence)]))
        await view.flush()
        assert.equal(timers.length, sequence)
        timers.at(-1)?.()
        // The second time it is still ending when the next entry comes.
        if (sequence === 1) await view.reload()
      }
    }
    await using view = openView(folder)
    assert.equal(view.load().queues.length, 3)
  })

  test('entries of more than one batch arrive in order', async (t) => {
    await using view = openView(newFolder(t))
    view.load()
    const count = 2 * metaLimits.topologyBatchMax + 1
    for (let sequence = 1; sequence <= count; sequence++) {
      view.apply(sequence, encodeTopologyChanges([putQueue(`q${sequence % 7}`, sequence)]))
    }
    const { queues, appliedSequence } = await view.reload()
    assert.equal(appliedSequence, count)
    assert.equal(queues.find(({ name }) => name === `q${count % 7}`)?.logId, count)
  })

  test('checkReplayCovers() refuses a view that is older than the log', async (t) => {
    await using view = openView(newFolder(t))
    const topology = view.load()
    checkReplayCovers(topology, 0)
    assert.throws(() => checkReplayCovers(topology, 3), TopologyDamagedError)
  })
})

function writeUntilKilled(folder: string): string {
  const file = path.join(folder, 'child.mjs')
  writeFileSync(
    file,
    `
    import { TopologyView } from ${JSON.stringify(import.meta.resolve('./topology-view.ts'))}
    import { encodeTopologyChanges } from ${JSON.stringify(import.meta.resolve('./topology-change.ts'))}
    import { emptyTable } from ${JSON.stringify(import.meta.resolve('../record/message/field-table.ts'))}
    import { systemClock } from ${JSON.stringify(import.meta.resolve('../lib/clock.ts'))}
    let sequence = 0
    const view = new TopologyView({
      folder: ${JSON.stringify(folder)}, clock: systemClock,
      onApplied: (through) => { process.stdout.write(through + '\\n'); add() },
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
