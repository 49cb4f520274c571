// One suite for every engine: what a broker may rely on, whatever stores the bytes.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  clusterEngine,
  committed,
  createLogWithCursor,
  cursorOf,
  fileEngine,
  durable,
  memoryEngine,
  osFileEngine,
  readAll,
  readAllRuns,
  source,
  tinyFileEngine,
  type Engine,
} from '../../test/support/log-engines.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { RecordView } from '../record/message/record-view.ts'
import type { LogStore } from './log-store.ts'
import type { Log } from './log.ts'

for (const makeEngine of [memoryEngine, fileEngine, osFileEngine, tinyFileEngine, clusterEngine]) {
  describe(`LogStore: ${makeEngine.name}`, () => {
    const withStore = (
      name: string,
      body: (store: LogStore, engine: Engine) => Promise<void>,
    ): void => {
      test(name, async () => {
        const engine = await makeEngine()
        const { store } = await engine.open()
        try {
          await body(store, engine)
        } finally {
          await engine.dispose()
        }
      })
    }

    withStore('reads what was appended, in order', async (store) => {
      let log!: Log
      await committed(store, () => {
        log = createLogWithCursor(store)
        for (const body of ['a', 'b', 'c']) log.append(source('x', body), -1)
      })
      assert.deepEqual(await readAll(store, log), [
        [0, 'a'],
        [1, 'b'],
        [2, 'c'],
      ])
      assert.equal(log.durableEnd, 3)
      await store.close()
    })

    withStore('nothing of a deleted log is worth waiting for', async (store) => {
      let log!: Log
      await committed(store, () => {
        log = createLogWithCursor(store)
        log.append(source('x', 'a'), -1)
      })
      await committed(store, () => store.deleteLog(log))
      assert.equal(log.read(0, new RecordView()), 'end')
      await store.close()
    })

    withStore('reads what no longer fits in memory', async (store) => {
      let log!: Log
      await committed(store, () => (log = createLogWithCursor(store)))
      const expected: [number, string][] = []
      for (let round = 0; round < 50; round++) {
        await committed(store, () => {
          for (let n = 0; n < 10; n++) {
            const body = `${round}.${n}`.padEnd(1000, '.')
            expected.push([log.append(source('x', body), -1), body])
          }
        })
      }
      assert.deepEqual(await readAll(store, log), expected)
      await store.close()
    })

    withStore(
      'whole runs of a volatile log can be read, wherever they are',
      async (store, engine) => {
        const log = createLogWithCursor(store, true)
        const expected: [number, string][] = []
        for (let n = 0; n < 500; n++) {
          const body = `${n}`.padEnd(1000, '.')
          expected.push([log.append(source('x', body), -1), body])
        }
        if (engine.name === 'file')
          await waitFor('some in files', () => log.tailStart > 0 || undefined)
        assert.deepEqual(await readAllRuns(store, log), expected)
        cursorOf(log).ackRange(0, 299)
        const kept = await store.findRunByTimestamp(log, 0)
        assert.ok(kept !== undefined && kept.lastOffset >= 300 && kept.baseOffset <= 300)
        kept.release()
        const future = Date.now() + 1_000_000
        assert.equal(await store.findRunByTimestamp(log, future), undefined)
        const late = await store.findRunByTimestamp(log, 0, 499)
        assert.equal(late?.lastOffset, 499)
        late?.release()
        await store.close()
      },
    )

    withStore('finds everything again after it was closed', async (store, engine) => {
      if (!engine.isLasting) return
      let log!: Log
      let deleted!: Log
      await committed(store, () => {
        log = createLogWithCursor(store)
        deleted = createLogWithCursor(store)
        store.putTopology(Buffer.from('first'))
        for (const body of ['a', 'b', 'c', 'd']) log.append(source('x', body), -1)
        deleted.append(source('x', 'gone'), -1)
      })
      await committed(store, () => {
        cursorOf(log).ack(0)
        cursorOf(log).ack(2)
        cursorOf(log).raiseDeliveredMark(3)
        store.deleteLog(deleted)
        store.putTopology(Buffer.from('second'))
      })
      await store.close()
      const reopened = await engine.open()
      assert.equal(reopened.store.epoch, store.epoch + 1)
      assert.deepEqual(
        reopened.recovered.topology.map(({ sequence, bytes }) => [sequence, bytes.toString()]),
        [
          [1, 'first'],
          [2, 'second'],
        ],
      )
      const [again, ...others] = reopened.recovered.logs
      assert.ok(again !== undefined)
      assert.equal(others.length, 0)
      assert.equal(again.id, log.id)
      assert.equal(again.endOffset, 4)
      assert.equal(cursorOf(again).deliveredMark, 3)
      assert.equal(cursorOf(again).acked.floor, 1)
      assert.ok(cursorOf(again).acked.isAcked(2))
      assert.deepEqual(await readAll(reopened.store, again, 3), [[3, 'd']])
      await reopened.store.close()
    })

    withStore('keeps a volatile log in order, however long it is', async (store) => {
      const log = createLogWithCursor(store, true)
      const expected: [number, string][] = []
      for (let number = 0; number < 1000; number++) {
        const body = `${number}`.padEnd(1000, '.')
        expected.push([log.append(source('x', body), -1), body])
        if (number % 50 === 0) {
          await new Promise<void>((resolve) => {
            setImmediate(resolve)
          })
        }
      }
      assert.deepEqual(await readAll(store, log), expected)
      cursorOf(log).ackRange(0, 899)
      assert.deepEqual(await readAll(store, log, 900), expected.slice(900))
      store.deleteLog(log)
      await store.close()
    })

    withStore('reads nothing of a log that was deleted while it was being read', async (store) => {
      let log!: Log
      await committed(store, () => {
        log = createLogWithCursor(store)
        for (const body of ['a', 'b']) log.append(source('x', body), -1)
      })
      const view = new RecordView()
      const reading = log.read(0, view)
      if (typeof reading === 'object') {
        await new Promise<void>((resolve) => store.load(log, reading, () => resolve()))
      }
      assert.equal(log.read(0, view), 'record')
      await committed(store, () => store.deleteLog(log))
      assert.equal(log.read(1, view), 'end')
      await store.close()
    })

    withStore('keeps large bodies beside the log', async (store, engine) => {
      let log!: Log
      await committed(store, () => (log = createLogWithCursor(store)))
      const body = 'large '.repeat(1000)
      const id = await new Promise<number>((resolve) => {
        store.writeAside(Buffer.from(body), resolve)
      })
      await committed(store, () => {
        const message = source('x', '')
        message.asideId = id
        message.bodyEnd = body.length
        log.append(message, -1)
        log.append(source('x', 'small'), -1)
      })
      assert.deepEqual(await readAll(store, log), [
        [0, body],
        [1, 'small'],
      ])
      await store.close()
      if (!engine.isLasting) return
      const again = await engine.open()
      const [found] = again.recovered.logs
      assert.ok(found !== undefined)
      assert.deepEqual(await readAll(again.store, found), [
        [0, body],
        [1, 'small'],
      ])
      await again.store.close()
    })

    withStore('stores a body once for several logs', async (store, engine) => {
      const body = 'shared '.repeat(200)
      const logs: Log[] = []
      await committed(store, () => {
        for (let n = 0; n < 3; n++) logs.push(createLogWithCursor(store))
      })
      store.beginAtom()
      const message = source('x', body)
      const position = store.shareBody(message.body, 0, message.body.length)
      for (const log of logs) log.append(message, position)
      await durable(store.endAtom())
      for (const log of logs) assert.deepEqual(await readAll(store, log), [[0, body]])
      await store.close()
      if (!engine.isLasting) return
      const { store: again, recovered } = await engine.open()
      for (const log of recovered.logs) assert.deepEqual(await readAll(again, log), [[0, body]])
      assert.equal(recovered.logs.length, 3)
      await again.close()
    })
  })
}
