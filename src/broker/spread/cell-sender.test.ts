// Messages on their way to a cell, after the disk has lost some of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messageOf } from '../../../test/support/queue-under-test.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { Turn } from '../../lib/turn.ts'
import { MemoryLogStore } from '../../log/memory/memory-log-store.ts'
import { fromPortable } from '../../log/portable-runs.ts'
import type { Run } from '../../log/run.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { CellLine } from './cell-line.ts'
import { CellSender } from './cell-sender.ts'
import type { RecordCalls } from './record-calls.ts'
import { TransitLane } from './transit-lane.ts'

class LaneUnderTest {
  readonly clock = new VirtualClock()
  readonly store = new MemoryLogStore({ clock: this.clock, turn: new Turn(this.clock) })
  readonly lane: TransitLane
  /** Numbers of the last messages of the calls. */
  readonly calls: number[] = []
  #known = 0

  constructor() {
    let lane: TransitLane | undefined
    this.atom(() => {
      const cursor = this.store.createCursor(this.store.createLog({ isVolatile: false }))
      const place = { topicId: 't', number: 0, cell: 1, sequence: 's', cursor }
      lane = new TransitLane(place, {
        store: this.store,
        onReady: (ready) => sender.add(ready),
        onSize: () => undefined,
      })
    })
    this.lane = lane!
    const line = new CellLine(1, {
      clock: this.clock,
      calls: () => this.#answers,
      isClosed: () => false,
      onAway: (_cell, error) => assert.fail(error),
      onBack: () => undefined,
    })
    const sender = new CellSender({ clock: this.clock, line, onTrouble: assert.fail })
  }

  atom(work: () => void): void {
    this.store.beginAtom()
    work()
    this.store.endAtom()
    this.clock.runUntilIdle()
  }

  publish(body: string): void {
    this.atom(() => this.lane.append(messageOf(body), -1))
  }

  publishLost(body: string): void {
    const message = messageOf(body)
    this.store.writeAside(message.body, (id) => (message.asideId = id))
    this.clock.advance(1)
    this.store.asideBodies.delete(message.asideId)
    this.atom(() => this.lane.append(message, -1))
  }

  /** What the leader would answer: it has what came, and no message that did not. */
  readonly #answers = {
    append: (_cell: number, _args: unknown, body: Buffer) => {
      const runs = fromPortable(body).filter(({ recordCount }) => recordCount > 0)
      for (const { lastOffset } of runs) this.#known = Math.max(this.#known, lastOffset + 1)
      this.calls.push(runs.at(-1)?.lastOffset ?? -1)
      assert.ok(this.calls.length < 10, `it is sent for ever: ${this.calls.join(' ')}`)
      return Promise.resolve({ ends: [this.#known] })
    },
  } as unknown as RecordCalls
}

test('a last message whose body is lost is not sent again and again', async () => {
  const it = new LaneUnderTest()
  it.publish('first')
  it.publishLost('second')
  await waitFor('the lane is empty', () => it.lane.isEmpty)
  assert.equal(it.lane.size, 0)
  it.publish('third')
  await waitFor('the lane is empty', () => it.lane.isEmpty)
  assert.equal(it.calls.at(-1), 2)
})

test('a message that comes while others are found to be lost is sent', async () => {
  const it = new LaneUnderTest()
  const { promise: read, resolve } = Promise.withResolvers<readonly Run[]>()
  const { readRuns } = it.store
  it.store.readRuns = () => read
  it.publish('lost')
  it.store.readRuns = readRuns
  it.publish('there')
  resolve([])
  await waitFor('the lane is empty', () => it.lane.isEmpty)
  assert.deepEqual(it.calls, [1])
})
