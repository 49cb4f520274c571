import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createLogWithCursor,
  cursorOf,
  source,
  tinyFileEngine,
} from '../../../test/support/log-engines.ts'

test('the memory of a volatile log is released when its records are acked, and when it is deleted', async () => {
  const engine = await tinyFileEngine()
  const { store } = await engine.open()
  const log = createLogWithCursor(store, true)
  while (log.tail.length < 4) log.append(source('x', 'body'.repeat(300)), -1)
  const runs = [...log.tail]
  const [first, second] = runs
  cursorOf(log).ackRange(0, second!.lastOffset)
  assert.deepEqual(
    runs.map((run) => run.holderCount),
    [0, 0, 1, 1],
  )
  assert.equal(first!.bytes().length, 0)
  store.deleteLog(log)
  assert.ok(runs.every((run) => run.holderCount === 0))
  assert.equal(log.tail.length, 0)
  await store.close()
  await engine.dispose()
})
