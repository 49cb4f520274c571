// Runs that go to another store, of both engines' kinds of bodies.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogWithCursor } from '../../test/support/log-engines.ts'
import { plainBatch } from '../../test/support/plain-batch.ts'
import { messageOf, textOf } from '../../test/support/queue-under-test.ts'
import { Turn } from '../lib/turn.ts'
import { batchHeaderSize } from '../record/batch/batch-header.ts'
import { CodecError } from '../record/codec-error.ts'
import { RecordView } from '../record/message/record-view.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import type { Log } from './log.ts'
import { MemoryLogStore } from './memory/memory-log-store.ts'
import { fromPortable, joinPortable } from './portable-runs.ts'
import { readRecord } from './record.ts'
import type { Run } from './run.ts'

const clock = new VirtualClock()
const store = new MemoryLogStore({ clock, turn: new Turn(clock) })

/** A log with a run of messages that share a body, one of others, a batch, and one whose body is aside. */
function fill(): Log {
  const atom = (work: () => void): void => {
    store.beginAtom()
    work()
    store.endAtom()
    clock.runUntilIdle()
  }
  let log!: Log
  atom(() => (log = createLogWithCursor(store)))
  atom(() => {
    const shared = messageOf('s'.repeat(1000))
    const at = store.shareBody(shared.body, 0, shared.bodyEnd)
    for (let count = 0; count < 4; count++) log.append(shared, at)
  })
  atom(() => {
    for (const text of ['four', 'five']) log.append(messageOf(text), -1)
  })
  atom(() => log.appendBatch(plainBatch({ recordCount: 2 })))
  const aside = messageOf('aside')
  store.writeAside(aside.body, (id) => (aside.asideId = id))
  clock.advance(1)
  atom(() => log.append(aside, -1))
  return log
}

function textsIn(runs: readonly Run[]): [number, string][] {
  const view = new RecordView()
  return runs.flatMap((run) => {
    const texts: [number, string][] = []
    for (let at: number = batchHeaderSize; at < run.size && !run.isForeign;) {
      at = readRecord(run, at, view, undefined)
      texts.push([view.offset, textOf(view)])
    }
    return texts
  })
}

const log = fill()
const runsFrom = (offset: number): readonly Run[] => {
  return store.readRuns(log, offset, Infinity) as readonly Run[]
}

test('all records have their offsets and their bodies, wherever these were', async () => {
  const { bytes, end } = await joinPortable({ store, log }, runsFrom(0), { first: 0, sizeMax: 1e6 })
  assert.equal(end, 9)
  const runs = fromPortable(bytes)
  const body = 's'.repeat(1000)
  const expected = [0, 1, 2, 3].map((offset) => [offset, body])
  assert.deepEqual(textsIn(runs), [...expected, [4, 'four'], [5, 'five'], [8, 'aside']])
  const batch = runs.find(({ isForeign }) => isForeign)
  assert.deepEqual([batch?.baseOffset, batch?.lastOffset], [6, 7])
})

test('bodies that many share are no more bytes than were asked for', async () => {
  const sizeMax = 2500
  const read = async (first: number): Promise<[number[], number]> => {
    const asked = { first, sizeMax }
    const { bytes, end } = await joinPortable({ store, log }, runsFrom(first), asked)
    assert.ok(bytes.length <= sizeMax)
    return [textsIn(fromPortable(bytes)).map(([offset]) => offset), end]
  }
  assert.deepEqual(await read(0), [[0, 1], 2])
  const [offsets] = await read(2)
  assert.deepEqual(offsets.slice(0, 2), [2, 3])
})

test('bytes that are no runs are refused', () => {
  assert.throws(() => fromPortable(Buffer.alloc(70)), CodecError)
  const cut = plainBatch({ body: 'body' }).subarray(0, -1)
  assert.throws(() => fromPortable(cut), CodecError)
})
