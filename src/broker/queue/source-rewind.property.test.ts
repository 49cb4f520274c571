// Whatever comes, is acked, requeued, purged, passed by the topic's retention and rewound in whatever order:
// each record is in one place of a queue that reads the topic.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SourceBacklogFixture } from '../../../test/support/source-backlog-fixture.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { logIndexIn, offsetIn, placeOf } from './message-place.ts'
import type { MessageState } from './message-state.ts'
import { countRewound, rewindBacklog } from './rewind.ts'

const partitionCount = 2

class RewindingSource {
  readonly #it = new SourceBacklogFixture(partitionCount)
  /** By log: the queue's own, of which nothing is kept, then the partitions. */
  readonly #states: MessageState[][] = Array.from({ length: partitionCount + 1 }, () => [])
  /** What the topic's retention has passed in each of them. */
  readonly #keptFrom = Array.from({ length: partitionCount + 1 }, () => 0)

  append(choice: number): void {
    const index = choice % this.#states.length
    if (index === 0) this.#it.appendOwn('own')
    else this.#it.append(index - 1, 'record')
    this.#states[index]!.push('ready')
    this.#it.clock.runUntilIdle()
  }

  take(): boolean {
    const view = new RecordView()
    for (;;) {
      const result = this.#it.backlog.take(view)
      if (result === 'empty') return false
      if (result === 'record') break
      this.#it.clock.runUntilIdle()
    }
    const [index, offset] = [logIndexIn(view.offset), offsetIn(view.offset)]
    assert.equal(this.#states[index]![offset], 'ready', `${index}/${offset} was taken`)
    this.#states[index]![offset] = 'unacked'
    return true
  }

  settle(choice: number, op: 'ack' | 'requeue'): void {
    const out = this.#placesOf('unacked')
    const place = out[choice % Math.max(1, out.length)]
    if (place === undefined) return
    if (op === 'ack') this.#it.backlog.remove(place)
    else this.#it.backlog.requeue(place)
    this.#states[logIndexIn(place)]![offsetIn(place)] = op === 'ack' ? 'acked' : 'ready'
  }

  passRetention(choice: number): void {
    const index = 1 + (choice % partitionCount)
    const end = choice % (this.#states[index]!.length + 1)
    const { cursor } = this.#it.partitions[index - 1]!
    this.#atom(() => cursor.ackRange(this.#keptFrom[index]!, end - 1))
    this.#keptFrom[index] = Math.max(this.#keptFrom[index]!, end)
  }

  rewind(choice: number): void {
    const targets = this.#states.map((states, index) => (choice + index) % (states.length + 1))
    let expected = 0
    for (const [index, states] of this.#states.entries()) {
      if (index === 0) continue
      const from = Math.max(targets[index]!, this.#keptFrom[index]!)
      for (let offset = from; offset < states.length; offset++) {
        if (states[offset] !== 'acked') continue
        states[offset] = 'ready'
        expected++
      }
    }
    // A record that is not durable yet is not there.
    const isLate = choice % 3 === 0
    if (isLate) this.#it.append(0, 'late')
    const { backlog, store, topic } = this.#it
    const queue = { retained: undefined, source: { topic } }
    assert.equal(countRewound(backlog, queue, targets), expected)
    this.#atom(() => assert.equal(rewindBacklog(backlog, { store, queue }, targets), expected))
    if (isLate) this.#states[1]!.push('ready')
  }

  purge(): void {
    const ready = this.#placesOf('ready')
    this.#atom(() => assert.equal(this.#it.backlog.purge(), ready.length))
    for (const place of ready) this.#states[logIndexIn(place)]![offsetIn(place)] = 'acked'
  }

  takeAll(): void {
    while (this.take()) this.check()
    assert.deepEqual(this.#placesOf('ready'), [], 'ready messages cannot be had')
  }

  check(): void {
    this.#it.clock.runUntilIdle()
    const { backlog } = this.#it
    const [readyCount, unackedCount] = [
      this.#placesOf('ready').length,
      this.#placesOf('unacked').length,
    ]
    assert.deepEqual([backlog.readyCount, backlog.unackedCount], [readyCount, unackedCount])
    for (const [index, states] of this.#states.entries()) {
      const stateOf = backlog.parts[index]!.statesIn(0, states.length, 0)
      assert.deepEqual([...states.keys()].map(stateOf), states)
    }
  }

  #placesOf(wanted: MessageState): number[] {
    return this.#states.flatMap((states, index) =>
      states.flatMap((state, offset) => (state === wanted ? [placeOf(index, offset)] : [])),
    )
  }

  #atom(change: () => void): void {
    this.#it.store.beginAtom()
    change()
    this.#it.store.endAtom()
    this.#it.clock.runUntilIdle()
  }
}

const choice = fc.nat(99)
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('append' as const), choice }) },
  { weight: 5, arbitrary: fc.record({ op: fc.constant('take' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({ op: fc.constantFrom('ack' as const, 'requeue' as const), choice }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('rewind' as const), choice }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('retention' as const), choice }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('purge' as const) }) },
)

test('each message of a rewound queue with a source is in one place', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const it = new RewindingSource()
      for (let index = 0; index < 9; index++) it.append(index)
      for (const each of steps) {
        if (each.op === 'append') it.append(each.choice)
        else if (each.op === 'take') it.take()
        else if (each.op === 'rewind') it.rewind(each.choice)
        else if (each.op === 'retention') it.passRetention(each.choice)
        else if (each.op === 'purge') it.purge()
        else it.settle(each.choice, each.op)
        it.check()
      }
      it.takeAll()
    }),
    { numRuns: 300 },
  )
})
