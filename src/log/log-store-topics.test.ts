// The conformance suite, second part: what topics need of a log. Many readers at different places,
// Kafka batches as they came, retention, and state by key.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  clusterEngine,
  committed,
  createLogWithCursor,
  cursorOf,
  fileEngine,
  memoryEngine,
  source,
  tinyFileEngine,
  type Engine,
} from '../../test/support/log-engines.ts'
import { plainBatch } from '../../test/support/plain-batch.ts'
import { crcOfBatch, batchField } from '../record/batch/batch-header.ts'
import type { LogStore } from './log-store.ts'
import type { Log } from './log.ts'
import type { Run } from './run.ts'

async function createLog(store: LogStore): Promise<Log> {
  let log!: Log
  await committed(store, () => (log = createLogWithCursor(store)))
  return log
}

/** A batch of three records each, in a commit of its own. */
async function appendBatches(store: LogStore, log: Log, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const batch = plainBatch({ recordCount: 3, timestamp: log.endOffset, body: 'b'.repeat(500) })
    await committed(store, () => log.appendBatch(batch))
  }
}

/** A hundred batches of one record, with times that mostly rise; returns the times. */
async function appendTimed(store: LogStore, log: Log): Promise<number[]> {
  const timestamps = Array.from({ length: 100 }, (_, n) => n + ((n * 7919) % 31))
  for (const timestamp of timestamps) {
    const batch = plainBatch({ timestamp, body: 'b'.repeat(300) })
    await committed(store, () => log.appendBatch(batch))
  }
  return timestamps
}

function ranges(runs: readonly Run[]): [number, number][] {
  return runs.map(({ baseOffset, lastOffset }) => [baseOffset, lastOffset])
}

/** Reads on from `offset` until nothing comes any more. */
async function readOn(store: LogStore, log: Log, offset: number, sizeMax = 1): Promise<Run[]> {
  const all: Run[] = []
  for (let at = offset; ;) {
    const runs = await store.readRuns(log, at, sizeMax)
    if (runs.length === 0) return all
    all.push(...runs)
    at = runs.at(-1)!.lastOffset + 1
  }
}

for (const makeEngine of [memoryEngine, fileEngine, tinyFileEngine, clusterEngine]) {
  describe(`LogStore for topics: ${makeEngine.name}`, () => {
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

    withStore('gives whole runs from the one that holds the offset', async (store) => {
      const log = await createLog(store)
      await appendBatches(store, log, 40)
      for (const offset of [0, 1, 2, 3, 59, 118, 119]) {
        const first = Math.floor(offset / 3) * 3
        const [run] = await store.readRuns(log, offset, 1)
        assert.deepEqual([run?.baseOffset, run?.lastOffset], [first, first + 2], `from ${offset}`)
      }
      assert.deepEqual(await store.readRuns(log, 120, 1), [])
      const all = await readOn(store, log, 4)
      assert.deepEqual(
        ranges(all),
        Array.from({ length: 39 }, (_, n) => [3 + n * 3, 5 + n * 3]),
      )
      await store.close()
    })

    withStore('gives at least one run and no more than fit', async (store) => {
      const log = await createLog(store)
      await appendBatches(store, log, 5)
      const size = (await store.readRuns(log, 0, 1))[0]!.size
      assert.equal((await store.readRuns(log, 0, size * 3 - 1)).length, 2)
      assert.equal((await store.readRuns(log, 0, size * 3)).length, 3)
      assert.equal((await store.readRuns(log, 0, 0)).length, 1)
      await store.close()
    })

    withStore('gives only what is durable', async (store) => {
      const log = await createLog(store)
      await appendBatches(store, log, 1)
      // From here on it is in memory: no read of the disk below gives the next batch its time.
      await store.readRuns(log, 0, 10_000)
      let isDone = false
      const done = committed(store, () => log.appendBatch(plainBatch({}))).then(() => {
        isDone = true
      })
      assert.deepEqual(ranges(await store.readRuns(log, 0, 10_000)), [[0, 2]])
      assert.deepEqual(await store.readRuns(log, 3, 10_000), [])
      assert.equal(isDone, false)
      await done
      assert.deepEqual(ranges(await store.readRuns(log, 3, 10_000)), [[3, 3]])
      await store.close()
    })

    withStore('keeps batches as they came but for place and epoch', async (store, engine) => {
      const log = await createLog(store)
      const batch = plainBatch({ recordCount: 4, timestamp: 77, body: 'x'.repeat(300) })
      await committed(store, () => log.appendBatch(plainBatch({ recordCount: 2 })))
      await committed(store, () => {
        log.append(source('x', 'message'), -1)
        assert.equal(log.appendBatch(Buffer.from(batch)), 3)
        log.append(source('x', 'message'), -1)
      })
      const check = (runs: readonly Run[]): void => {
        assert.deepEqual(ranges(runs), [
          [0, 1],
          [2, 2],
          [3, 6],
          [7, 7],
        ])
        const bytes = runs[2]!.bytes()
        assert.equal(bytes.readInt32BE(batchField.leaderEpoch), store.epoch)
        assert.equal(bytes.readBigInt64BE(0), 3n)
        assert.ok(bytes.subarray(batchField.magic).equals(batch.subarray(batchField.magic)))
        assert.equal(crcOfBatch(bytes, bytes.length), bytes.readUInt32BE(batchField.crc))
      }
      check(await readOn(store, log, 0))
      await store.close()
      if (!engine.isLasting) return
      const { store: again, recovered } = await engine.open()
      check(await readOn(again, recovered.logs[0]!, 0))
      await again.close()
    })

    withStore('serves many readers at different places', async (store) => {
      const log = await createLog(store)
      await appendBatches(store, log, 60)
      const readers = Array.from({ length: 20 }, (_, n) => readOn(store, log, n * 7, 1300))
      for (const [n, runs] of (await Promise.all(readers)).entries()) {
        assert.equal(runs[0]?.baseOffset, Math.floor((n * 7) / 3) * 3)
        assert.equal(runs.at(-1)?.lastOffset, 179)
        assert.equal(runs.length, 60 - Math.floor((n * 7) / 3))
      }
      await store.close()
    })

    withStore('gives nothing of a log that was deleted meanwhile', async (store) => {
      const log = await createLog(store)
      await appendBatches(store, log, 40)
      const reading = store.readRuns(log, 0, 1)
      await committed(store, () => store.deleteLog(log))
      await reading
      assert.deepEqual(await store.readRuns(log, 0, 1), [])
      await store.close()
    })

    withStore('finds the first run that is late enough', async (store) => {
      const log = await createLog(store)
      const timestamps = await appendTimed(store, log)
      const check = async (): Promise<void> => {
        const living = timestamps.flatMap((timestamp, n) =>
          n >= log.startOffset ? [{ timestamp, n }] : [],
        )
        for (let timestamp = -5; timestamp < 140; timestamp += 5) {
          const run = await store.findRunByTimestamp(log, timestamp)
          const expected = living.find((place) => place.timestamp >= timestamp)
          assert.equal(run?.baseOffset, expected?.n, `at ${timestamp} from ${log.startOffset}`)
        }
        const latest = living.length === 0 ? undefined : Math.max(...living.map((p) => p.timestamp))
        assert.equal(await store.maxTimestamp(log), latest)
      }
      await check()
      for (const offset of [1, 17, 18, 60, 99, 100]) {
        await committed(store, () => store.trim(log, offset))
        await check()
      }
      await store.close()
    })

    withStore('says what to trim by time and by size', async (store, engine) => {
      const log = await createLog(store)
      const timestamps = await appendTimed(store, log)
      const size = (await store.readRuns(log, 99, 1))[0]!.size
      assert.equal(store.sizeOf(log), size * 100)
      const check = async (of: LogStore, checked: Log): Promise<void> => {
        for (const timestampMin of [-1, 0, 20, 60, 110, 1000]) {
          for (const count of [0, 1, 2, 15, 50, 1000]) {
            let expected = checked.startOffset
            const isKept = (n: number): boolean =>
              timestamps[n]! >= timestampMin && 100 - n <= count
            while (expected < 99 && !isKept(expected)) expected++
            const keep = { timestampMin, sizeMax: size * count }
            assert.equal(await of.retentionOffset(checked, keep), expected)
          }
        }
      }
      await check(store, log)
      for (const offset of [1, 17, 60, 61]) {
        await committed(store, () => store.trim(log, offset))
        await check(store, log)
        assert.equal(store.sizeOf(log), size * (100 - offset))
      }
      await store.close()
      if (!engine.isLasting) return
      const { store: again, recovered } = await engine.open()
      await check(again, recovered.logs[0]!)
      assert.equal(again.sizeOf(recovered.logs[0]!), size * 39)
      await again.close()
    })

    withStore('finds nothing in a log without records', async (store) => {
      const log = await createLog(store)
      assert.equal(await store.maxTimestamp(log), undefined)
      assert.equal(await store.findRunByTimestamp(log, 0), undefined)
      assert.equal(await store.retentionOffset(log, { timestampMin: 5, sizeMax: 0 }), 0)
      assert.equal(store.sizeOf(log), 0)
      assert.deepEqual(await store.readRuns(log, 0, 1), [])
      await store.close()
    })

    withStore('takes any timestamp that a client claims', async (store, engine) => {
      const log = await createLog(store)
      const batch = plainBatch({ body: 'x' })
      for (const claimed of [2n ** 63n - 1n, -(2n ** 63n), -1n]) {
        batch.writeBigInt64BE(claimed, batchField.maxTimestamp)
        batch.writeUInt32BE(crcOfBatch(batch, batch.length), batchField.crc)
        await committed(store, () => log.appendBatch(Buffer.from(batch)))
      }
      const check = async (of: LogStore, checked: Log): Promise<void> => {
        const runs = await readOn(of, checked, 0)
        assert.deepEqual(
          runs.map((run) => run.bytes().readBigInt64BE(batchField.maxTimestamp)),
          [2n ** 63n - 1n, -(2n ** 63n), -1n],
        )
      }
      await check(store, log)
      await store.close()
      if (!engine.isLasting) return
      const { store: again, recovered } = await engine.open()
      await check(again, recovered.logs[0]!)
      await again.close()
    })

    withStore('keeps state by key', async (store, engine) => {
      await committed(store, () => {
        store.putState('a', Buffer.from([0, 255, 128]))
        store.putState('b', Buffer.from('first'))
        store.putState('b', Buffer.from('second'))
        store.putState('gone', Buffer.from('x'))
        store.putState('ключ', Buffer.alloc(0))
      })
      await committed(store, () => store.putState('gone', undefined))
      await store.close()
      if (!engine.isLasting) return
      for (let opening = 0; opening < 3; opening++) {
        const { store: again, recovered } = await engine.open()
        assert.deepEqual(
          new Map(recovered.state),
          new Map([
            ['a', Buffer.from([0, 255, 128])],
            ['b', Buffer.from('second')],
            ['ключ', Buffer.alloc(0)],
          ]),
        )
        await again.close()
      }
    })

    withStore('keeps state by key when its files are gone', async (store, engine) => {
      if (!engine.isLasting) return
      const log = await createLog(store)
      const expected = new Map<string, Buffer>()
      for (let n = 0; n < 200; n++) {
        const key = `key ${n % 20}`
        const value = n % 7 === 0 ? undefined : Buffer.from(`value ${n}`)
        await committed(store, () => {
          store.putState(key, value)
          cursorOf(log).ack(log.append(source('x', 'b'.repeat(500)), -1))
        })
        if (value === undefined) expected.delete(key)
        else expected.set(key, value)
      }
      await store.close()
      const { store: again, recovered } = await engine.open()
      assert.deepEqual(new Map(recovered.state), expected)
      await again.close()
    })
  })
}
