import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogWithCursor, cursorOf } from '../../../test/support/log-engines.ts'
import { Turn } from '../../lib/turn.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { MemoryLogStore } from '../../log/memory/memory-log-store.ts'
import { encodeContentHeader } from '../../record/message/content-header.ts'
import { table } from '../../record/message/field-table.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { PresentIds } from './present-ids.ts'

/** A queue that is one log; `send` says whether the message was appended. */
class LogWithIds {
  readonly budget: { count: number }
  readonly ids: PresentIds
  readonly #store: MemoryLogStore
  readonly #cursor: ReturnType<typeof cursorOf>

  constructor(isVolatile: boolean, countBefore = 0) {
    const clock = new VirtualClock()
    const store = new MemoryLogStore({ clock, turn: new Turn(clock) })
    store.beginAtom()
    const log = createLogWithCursor(store, isVolatile)
    store.endAtom()
    const cursor = cursorOf(log)
    this.#store = store
    this.#cursor = cursor
    this.budget = { count: countBefore }
    const queue = {
      levels: [{ level: 0, cursor }],
      get ends() {
        return [log.endOffset]
      },
    }
    this.ids = new PresentIds('ids/', queue, { store, budget: this.budget, onPut: () => undefined })
  }

  send(id: number): boolean {
    const { log } = this.#cursor
    const source = new RecordSource()
    source.header = encodeContentHeader(0, { headers: table({ 'x-deduplication-header': id }) })
    source.headerEnd = source.header.length
    const before = log.endOffset
    this.#store.beginAtom()
    this.ids.admit(source, () => log.append(source, -1))
    this.#store.endAtom()
    return log.endOffset > before
  }

  ack(offset: number): void {
    this.#store.beginAtom()
    this.#cursor.ack(offset)
    this.#store.endAtom()
  }
}

for (const isVolatile of [true, false]) {
  test(`ids of messages that have left are forgotten while others come, volatile: ${isVolatile}`, () => {
    const queue = new LogWithIds(isVolatile)
    // One stays, which holds up nothing.
    assert.ok(queue.send(-1))
    for (let id = 0; id < 10_000; id++) {
      assert.ok(queue.send(id))
      assert.equal(queue.send(id), false)
      if (id >= 20) queue.ack(id - 19)
    }
    assert.ok(queue.ids.size < 100, `${queue.ids.size}`)
    assert.equal(queue.budget.count, queue.ids.size)
    assert.equal(queue.send(-1), false)
  })
}

test('ids of many messages that have left are forgotten in steps, also of those that leave meanwhile', () => {
  const queue = new LogWithIds(false)
  for (let id = 0; id < 1000; id++) queue.send(id)
  for (let offset = 10; offset < 990; offset++) queue.ack(offset)
  const steps = queue.ids.forgetGoneInSteps()
  let before = queue.ids.size
  for (let step = steps.next(); step.done !== true; step = steps.next()) {
    assert.ok(before - queue.ids.size <= 128, 'a step is short')
    before = queue.ids.size
    queue.ack(999)
  }
  assert.deepEqual([queue.ids.size, queue.budget.count], [19, 19])
  assert.equal(queue.send(5), false)
  assert.equal(queue.send(500), true)
})

test('when all queues have too many, the oldest of the queue goes', () => {
  const queue = new LogWithIds(false, brokerLimits.presentIdsMax - 2)
  for (const id of [1, 2, 3]) assert.ok(queue.send(id))
  assert.equal(queue.budget.count, brokerLimits.presentIdsMax)
  assert.deepEqual(
    [2, 3].map((id) => queue.send(id)),
    [false, false],
  )
  assert.ok(queue.send(1))
})
