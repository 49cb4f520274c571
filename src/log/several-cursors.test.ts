// A log with several cursors keeps what any of them still needs, on every engine and over restarts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import {
  clusterEngine,
  committed,
  fileEngine,
  memoryEngine,
  readAll,
  source,
  tinyFileEngine,
} from '../../test/support/log-engines.ts'
import { AckedOffsets } from './acked-offsets.ts'
import { countKept, isKept, keptFloor } from './kept-offsets.ts'
import { cursorsOf, type LogCursor } from './log-cursor.ts'
import type { LogStore } from './log-store.ts'
import type { Log } from './log.ts'

const count = 60

async function filledLog(store: LogStore): Promise<{ log: Log; cursors: LogCursor[] }> {
  let log!: Log
  let cursors!: LogCursor[]
  await committed(store, () => {
    log = store.createLog({ isVolatile: false })
    cursors = [store.createCursor(log), store.createCursor(log)]
  })
  for (let n = 0; n < count; n++) {
    await committed(store, () => log.append(source('x', `${n}`.padEnd(500, '.')), -1))
  }
  return { log, cursors }
}

const offsetsOf = async (store: LogStore, log: Log, first = 0): Promise<number[]> =>
  (await readAll(store, log, first)).map(([offset]) => offset)

const numbers = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

for (const makeEngine of [memoryEngine, fileEngine, tinyFileEngine, clusterEngine]) {
  describe(`several cursors: ${makeEngine.name}`, () => {
    test('what one has acked stays until the other has acked it too', async () => {
      const engine = await makeEngine()
      const { store } = await engine.open()
      const { log, cursors } = await filledLog(store)
      const [first, second] = cursors as [LogCursor, LogCursor]
      await committed(store, () => first.ackRange(0, count - 1))
      assert.deepEqual(await offsetsOf(store, log), numbers(0, count - 1))
      assert.deepEqual([first.unackedCount, second.unackedCount], [0, count])
      await committed(store, () => second.ackRange(0, 39))
      assert.deepEqual([log.floor, log.keptIn(0, count - 1)], [40, count - 40])
      assert.deepEqual(await offsetsOf(store, log, 40), numbers(40, count - 1))
      await store.close()
      await engine.dispose()
    })

    test('a deleted cursor keeps nothing, and one that is created later starts where it is told', async () => {
      const engine = await makeEngine()
      const { store } = await engine.open()
      const { log, cursors } = await filledLog(store)
      const [first, second] = cursors as [LogCursor, LogCursor]
      await committed(store, () => first.ackRange(0, 29))
      await committed(store, () => store.deleteCursor(second))
      assert.equal(log.floor, 30)
      let third!: LogCursor
      await committed(store, () => (third = store.createCursor(log, 50)))
      assert.deepEqual([third.floor, third.unackedCount, log.floor], [50, count - 50, 30])
      await store.close()
      await engine.dispose()
    })

    test('each is found again where it was', async () => {
      const engine = await makeEngine()
      if (!engine.isLasting) return engine.dispose()
      const opened = await engine.open()
      const { cursors } = await filledLog(opened.store)
      const [first, second] = cursors as [LogCursor, LogCursor]
      await committed(opened.store, () => {
        first.ackRange(0, 9)
        first.ack(20)
        second.ack(5)
        second.raiseDeliveredMark(33)
        opened.store.deleteCursor(opened.store.createCursor(second.log))
      })
      await opened.store.close()
      const again = await engine.open()
      const [log] = again.recovered.logs as [Log]
      const found = cursorsOf(log).map(({ id, floor, deliveredMark, acked }) => ({
        id,
        floor,
        deliveredMark,
        ackedAbove: acked.ackedAbove,
      }))
      assert.deepEqual(
        found.toSorted((a, b) => a.id - b.id),
        [
          { id: first.id, floor: 10, deliveredMark: 0, ackedAbove: 1 },
          { id: second.id, floor: 0, deliveredMark: 33, ackedAbove: 1 },
        ],
      )
      let another!: LogCursor
      await committed(again.store, () => (another = again.store.createCursor(log)))
      assert.ok(another.id > second.id + 1, 'an id is never used again')
      await again.store.close()
      return engine.dispose()
    })

    test('what is noted of offsets lasts until they are acked', async () => {
      const engine = await makeEngine()
      const opened = await engine.open()
      const { cursors } = await filledLog(opened.store)
      const [first, second] = cursors as [LogCursor, LogCursor]
      await committed(opened.store, () => {
        for (const offset of [3, 5, 7, 9]) first.note(offset, { count: 1, readyAt: 0 })
        first.note(5, { count: 2, readyAt: 1_700_000_000_000 })
        first.note(7, { count: 2, readyAt: 5 })
        first.note(7, { count: 3, readyAt: 0 })
        second.note(5, { count: 9, readyAt: 0 })
      })
      await committed(opened.store, () => first.ack(3))
      await committed(opened.store, () => first.ackRange(8, 12))
      const notesOf = ({ notes }: LogCursor): unknown =>
        notes && [...notes.offsets()].map((offset) => [offset, notes.get(offset)])
      const expected = [
        [5, { count: 2, readyAt: 1_700_000_000_000 }],
        [7, { count: 3, readyAt: 0 }],
      ]
      assert.deepEqual(notesOf(first), expected)
      assert.deepEqual(first.notes?.get(3), { count: 0, readyAt: 0 })
      await opened.store.close()
      if (!engine.isLasting) return engine.dispose()
      const again = await engine.open()
      const [log] = again.recovered.logs as [Log]
      const found = cursorsOf(log).toSorted((a, b) => a.id - b.id)
      assert.deepEqual(found.map(notesOf), [expected, [[5, { count: 9, readyAt: 0 }]]])
      await again.store.close()
      return engine.dispose()
    })

    test('a trim moves all of them', async () => {
      const engine = await makeEngine()
      const { store } = await engine.open()
      const { log, cursors } = await filledLog(store)
      await committed(store, () => store.trim(log, 25))
      assert.deepEqual(
        cursors.map(({ floor }) => floor),
        [25, 25],
      )
      assert.deepEqual([log.floor, log.keptIn(0, count - 1)], [25, count - 25])
      await store.close()
      await engine.dispose()
    })
  })
}

test('what is kept is what any cursor has not acked', () => {
  const offsets = fc.array(fc.nat(30), { maxLength: 25, size: 'max' })
  fc.assert(
    fc.property(fc.array(offsets, { minLength: 1, maxLength: 3 }), fc.nat(30), (all, first) => {
      const cursors = all.map((acks) => {
        const acked = new AckedOffsets()
        for (const offset of acks) acked.ack(offset)
        return { acked }
      })
      const kept = numbers(0, 40).filter((offset) => all.some((acks) => !acks.includes(offset)))
      assert.equal(keptFloor(cursors), Math.min(...cursors.map(({ acked }) => acked.floor)))
      assert.ok(keptFloor(cursors) <= (kept[0] ?? Infinity))
      assert.deepEqual(
        numbers(0, 40).filter((offset) => isKept(cursors, offset)),
        kept,
      )
      assert.equal(countKept(cursors, first, 40), kept.filter((offset) => offset >= first).length)
    }),
  )
})
