// How a log reads batches whose messages somebody else makes: at once, or in parts and later.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { committed, createLogWithCursor, readAll, source } from '../../test/support/log-engines.ts'
import { plainBatch } from '../../test/support/plain-batch.ts'
import { systemClock } from '../lib/clock.ts'
import { Turn } from '../lib/turn.ts'
import { RecordView } from '../record/message/record-view.ts'
import type { Log } from './log.ts'
import { MemoryLogStore } from './memory/memory-log-store.ts'
import { appendRecord } from './record.ts'
import type { RunConverter } from './run-converter.ts'
import { Run } from './run.ts'

/** Messages of the offsets first … last, each with its offset as its body. */
function messagesOf(first: number, last: number): Run {
  const run = new Run(first, 0, 0)
  for (let offset = first; offset <= last; offset++) {
    appendRecord(run, offset, 0, source('a', String(offset)))
  }
  return run
}

/** Converts whole batches. */
class WholeConverter implements RunConverter {
  readonly asked: number[] = []

  toMessages(_log: Log, run: Run, offset: number): Run {
    this.asked.push(offset)
    run.crossed = messagesOf(run.baseOffset, run.lastOffset)
    return run.crossed
  }

  prepare(): void {
    assert.fail('nothing is to be prepared')
  }
}

/** Converts three records at a time, once it was asked to. */
class PartConverter implements RunConverter {
  readonly prepared: number[] = []
  readonly #ready = new Set<number>()

  toMessages(_log: Log, run: Run, offset: number): Run | undefined {
    if (!this.#ready.has(offset)) return undefined
    run.crossed = messagesOf(offset, Math.min(offset + 2, run.lastOffset))
    return run.crossed
  }

  prepare(_log: Log, _run: Run, offset: number, done: () => void): void {
    this.prepared.push(offset)
    systemClock.atEndOfTurn(() => {
      this.#ready.add(offset)
      done()
    })
  }
}

/** A log of two batches of four records with a message between them. */
async function openLog(converter: RunConverter): Promise<{ store: MemoryLogStore; log: Log }> {
  const store = new MemoryLogStore({
    clock: systemClock,
    turn: new Turn(systemClock),
    converter,
  })
  let log!: Log
  await committed(store, () => (log = createLogWithCursor(store)))
  await committed(store, () => log.appendBatch(plainBatch({ recordCount: 4 })))
  await committed(store, () => log.append(source('a', '4'), -1))
  await committed(store, () => log.appendBatch(plainBatch({ recordCount: 4 })))
  return { store, log }
}

const everything = Array.from({ length: 9 }, (_, offset) => [offset, String(offset)])

test('Log.read() has each batch converted once when all is read in order', async () => {
  const converter = new WholeConverter()
  const { store, log } = await openLog(converter)
  assert.deepEqual(await readAll(store, log), everything)
  assert.deepEqual(converter.asked, [0, 5])
})

test('Log.read() goes through a batch part by part, each asked for when it is needed', async () => {
  const converter = new PartConverter()
  const { store, log } = await openLog(converter)
  assert.deepEqual(await readAll(store, log), everything)
  assert.deepEqual(converter.prepared, [0, 3, 5, 8])
})

test('Log.read() finds its place again when what was converted is given up', async () => {
  const { log } = await openLog(new WholeConverter())
  const view = new RecordView()
  for (let offset = 0; offset < 9; offset++) {
    assert.equal(log.read(offset, view), 'record')
    assert.equal(view.offset, offset)
    assert.equal(view.body.toString('latin1', view.bodyStart, view.bodyEnd), String(offset))
    for (const { crossed } of log.tail)
      if (crossed !== undefined && crossed.size > 0) crossed.release()
  }
})
