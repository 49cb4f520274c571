// Whatever is acked, requeued, purged and rewound in whatever order, with restarts: each message is in one place.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { QueueUnderTest, textOf } from '../../../test/support/queue-under-test.ts'
import { table } from '../../record/message/field-table.ts'
import { RecordView } from '../../record/message/record-view.ts'
import type { QueueType } from '../queue-arguments.ts'
import type { Queue } from './queue.ts'
import { settleRetention } from './settle-retention.ts'

type Place = 'ready' | 'out' | 'acked'

/** A queue, and where each of its messages has to be. */
class Rewinding {
  readonly #it: QueueUnderTest
  #queue: Queue
  readonly #places: Place[] = []
  /** Retention has passed what is below. */
  #keptFrom = 0

  constructor(type: QueueType) {
    this.#it = new QueueUnderTest({ type, arguments: table({ 'x-retention-ms': 1000 }) })
    this.#queue = this.#it.queue
    this.#atom(() => settleRetention(this.#queue, this.#it.store))
  }

  publish(): void {
    if (this.#queue !== this.#it.queue) return
    this.#it.publish(`${this.#places.length}`)
    this.#places.push('ready')
  }

  take(): boolean {
    const view = new RecordView()
    for (;;) {
      const result = this.#queue.take(view)
      if (result === 'empty') return false
      if (result === 'record') break
      this.#endTurns()
    }
    assert.equal(textOf(view), `${view.offset}`)
    assert.equal(this.#places[view.offset], 'ready', `message ${view.offset} was taken`)
    this.#places[view.offset] = 'out'
    return true
  }

  settle(choice: number, reason: 'ack' | 'requeue'): void {
    const out = [...this.#places.keys()].filter((offset) => this.#places[offset] === 'out')
    const offset = out[choice % Math.max(1, out.length)]
    if (offset === undefined) return
    this.#queue.settle(offset, reason)
    this.#places[offset] = reason === 'ack' ? 'acked' : 'ready'
  }

  rewind(choice: number): void {
    const target = choice % (this.#places.length + 1)
    let expected = 0
    for (let offset = Math.max(target, this.#keptFrom); offset < this.#places.length; offset++) {
      if (this.#places[offset] !== 'acked') continue
      this.#places[offset] = 'ready'
      expected++
    }
    assert.equal(this.#queue.countRewound([target]), expected)
    this.#atom(() => assert.equal(this.#queue.rewind([target]), expected))
  }

  passRetention(choice: number): void {
    const end = choice % (this.#places.length + 1)
    const [cursor] = this.#queue.retained!.cursors
    cursor!.ackRange(this.#keptFrom, end - 1)
    this.#keptFrom = Math.max(this.#keptFrom, end)
  }

  purge(): void {
    const ready = [...this.#places.keys()].filter((offset) => this.#places[offset] === 'ready')
    this.#atom(() => assert.equal(this.#queue.purge(), ready.length))
    for (const offset of ready) this.#places[offset] = 'acked'
  }

  /** Everything that is ready can be taken. */
  takeAll(): void {
    while (this.take()) this.check()
    this.check()
    assert.ok(!this.#places.includes('ready'), 'a ready message cannot be had')
  }

  /** What is out comes back. */
  reopen(): void {
    this.#endTurns()
    this.#queue = this.#it.reopen(this.#queue)
    for (const [offset, place] of this.#places.entries()) {
      if (place === 'out') this.#places[offset] = 'ready'
    }
  }

  check(): void {
    this.#endTurns()
    const count = (wanted: Place): number => this.#places.filter((place) => place === wanted).length
    const { readyCount, unackedCount } = this.#queue
    assert.deepEqual([readyCount, unackedCount], [count('ready'), count('out')])
    const stateOf = this.#queue.parts[0]!.statesIn(0, this.#places.length, 0)
    const states = this.#places.map((place) => (place === 'out' ? 'unacked' : place))
    assert.deepEqual([...this.#places.keys()].map(stateOf), states)
  }

  #atom(change: () => void): void {
    this.#it.store.beginAtom()
    change()
    this.#it.store.endAtom()
    this.#endTurns()
  }

  #endTurns(): void {
    while (this.#it.clock.turnSize > 0) this.#it.clock.endTurn()
  }
}

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ op: fc.constant('publish' as const) }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('take' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constantFrom('ack' as const, 'requeue' as const),
      choice: fc.nat(99),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('rewind' as const), choice: fc.nat(99) }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('retention' as const), choice: fc.nat(99) }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('reopen' as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('purge' as const) }) },
)

for (const type of ['classic', 'quorum'] as const) {
  test(`each message of a rewound ${type} queue is in one place`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const it = new Rewinding(type)
        for (let count = 0; count < 6; count++) it.publish()
        for (const each of steps) {
          if (each.op === 'publish') it.publish()
          else if (each.op === 'take') it.take()
          else if (each.op === 'rewind') it.rewind(each.choice)
          else if (each.op === 'retention') it.passRetention(each.choice)
          else if (each.op === 'reopen') it.reopen()
          else if (each.op === 'purge') it.purge()
          else it.settle(each.choice, each.op)
          it.check()
        }
        it.takeAll()
      }),
      { numRuns: 500 },
    )
  })
}
