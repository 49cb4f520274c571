// The queue against a list of messages: whatever is published, delivered, settled, requeued, taken,
// purged or cancelled in whatever order, also when commits finish late. With priorities it is a list for
// each level.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { type QueueSetup, QueueUnderTest, textOf } from '../../../test/support/queue-under-test.ts'
import { type MemoryChaos } from '../../log/memory/memory-log-store.ts'
import { table } from '../../record/message/field-table.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { Backlog } from './backlog.ts'
import type { Consumer, DeliverySink } from './consumer.ts'
import { logIndexIn, offsetIn, placeOf } from './message-place.ts'

interface ModelMessage {
  readonly text: string
  readonly level: number
  /** Its offset, or what stands for it in a queue with several logs. */
  readonly place: number
  state: 'ready' | 'unacked' | 'gone'
  wasDelivered: boolean
  /** The consumer that has it; undefined for one that was taken. */
  holder: ModelConsumer | undefined
}

class ModelConsumer implements DeliverySink {
  readonly model: Model
  readonly prefetch: number
  readonly isNoAck: boolean
  isOpen = true
  isCancelled = false
  consumer!: Consumer

  constructor(model: Model, prefetch: number, isNoAck: boolean) {
    this.model = model
    this.prefetch = prefetch
    this.isNoAck = isNoAck
  }

  canTake(): boolean {
    return this.isOpen
  }

  deliver(_consumer: Consumer, record: RecordView, isRedelivered: boolean): void {
    assert.ok(this.isOpen && !this.isCancelled, 'delivered to a consumer that takes')
    const message = this.model.expectNext(record, isRedelivered)
    if (this.isNoAck) {
      message.state = 'gone'
      return
    }
    message.holder = this
    const held = this.model.messages.filter(
      ({ state, holder }) => state === 'unacked' && holder === this,
    )
    assert.ok(this.prefetch === 0 || held.length <= this.prefetch, 'prefetch')
  }

  onSettled(consumer: Consumer): void {
    consumer.resume()
  }

  onCancelled(): void {
    assert.fail('nobody deletes the queue')
  }

  get hasRoom(): boolean {
    return this.consumer.hasRoom
  }
}

/** Which level a message with a priority has, and the order of levels for the next one. */
interface Order {
  levelOf(priority: number): number
  /** `goneCount` messages have been delivered. */
  levels(goneCount: number): readonly number[]
}

const plain: Order = { levelOf: () => 0, levels: () => [0] }
const classic: Order = { levelOf: (priority) => Math.min(priority, 3), levels: () => [3, 2, 1, 0] }
const quorum: Order = {
  levelOf: (priority) => (priority > 4 ? 1 : 0),
  levels: (goneCount) => (goneCount % 3 === 2 ? [0, 1] : [1, 0]),
}

class Model {
  readonly it: QueueUnderTest
  readonly order: Order
  readonly messages: ModelMessage[] = []
  readonly consumers: ModelConsumer[] = []
  /** In the order in which they came up, and how many messages each has had. */
  readonly #levels = new Map<number, { readonly index: number; count: number }>([
    [0, { index: 0, count: 0 }],
  ])
  readonly #view = new RecordView()
  #goneCount = 0

  constructor(order: Order, setup: QueueSetup) {
    this.order = order
    this.it = new QueueUnderTest(setup)
  }

  /** With priority 0 as often as with none. */
  publish(priority: number | undefined): void {
    const text = `m${this.messages.length}`
    const level = this.order.levelOf(priority ?? 0)
    const log = this.#levels.get(level) ?? { index: this.#levels.size, count: 0 }
    this.#levels.set(level, log)
    const message: ModelMessage = {
      text,
      level,
      place: placeOf(log.index, log.count++),
      state: 'ready',
      wasDelivered: false,
      holder: undefined,
    }
    this.messages.push(message)
    this.it.publish(text, priority === undefined ? {} : { priority })
  }

  get #next(): ModelMessage | undefined {
    const ready = this.messages.filter(({ state }) => state === 'ready')
    for (const level of this.order.levels(this.#goneCount)) {
      const next = ready.find((message) => message.level === level)
      if (next !== undefined) return next
    }
    return undefined
  }

  /** The record must be the first ready message; it is unacked from now on. */
  expectNext(record: RecordView, isRedelivered: boolean): ModelMessage {
    const next = this.#next
    assert.ok(next, 'something is ready')
    assert.deepEqual(
      { text: textOf(record), place: record.offset, isRedelivered },
      { text: next.text, place: next.place, isRedelivered: next.wasDelivered },
    )
    this.#goneCount++
    next.state = 'unacked'
    next.wasDelivered = true
    next.holder = undefined
    return next
  }

  consume(prefetch: number, isNoAck: boolean): void {
    const consumer = new ModelConsumer(this, prefetch, isNoAck)
    consumer.consumer = this.it.consume(consumer, { prefetch, isNoAck })
    this.consumers.push(consumer)
  }

  cancel(at: number): void {
    const [consumer] = this.consumers.splice(at % Math.max(1, this.consumers.length), 1)
    if (consumer === undefined) return
    consumer.isCancelled = true
    this.it.queue.removeConsumer(consumer.consumer)
  }

  toggle(at: number): void {
    const consumer = this.consumers[at % Math.max(1, this.consumers.length)]
    if (consumer === undefined) return
    consumer.isOpen = !consumer.isOpen
    if (consumer.isOpen) consumer.consumer.resume()
  }

  settle(at: number, isRequeued: boolean): void {
    const unacked = this.messages.filter(({ state }) => state === 'unacked')
    const message = unacked[at % Math.max(1, unacked.length)]
    if (message === undefined) return
    message.state = isRequeued ? 'ready' : 'gone'
    const holder = message.holder?.consumer ?? this.it.queue
    holder.settle(message.place, isRequeued ? 'requeue' : 'ack')
  }

  take(): void {
    const result = this.it.queue.take(this.#view)
    if (result === 'record') this.expectNext(this.#view, this.it.queue.isRedelivered)
    if (result === 'empty') assert.equal(this.count('ready'), 0)
  }

  purge(): void {
    this.it.store.beginAtom()
    assert.equal(this.it.queue.purge(), this.count('ready'))
    this.it.store.endAtom()
    for (const message of this.messages) if (message.state === 'ready') message.state = 'gone'
  }

  /** Some of the ready messages go, from anywhere in the line. */
  removeSome(at: number, everyNth: number): void {
    const { queue, store, clock } = this.it
    queue.deliverReady()
    const ready = this.messages.filter(({ state }) => state === 'ready')
    const chosen = ready.filter((_, index) => index >= at % 7 && index % everyNth === 0)
    store.beginAtom()
    for (const [index, part] of queue.parts.entries()) {
      const { endOffset } = part.cursor.log
      const stateOf = part.statesIn(0, endOffset, clock.now())
      const here = chosen.filter(({ place }) => logIndexIn(place) === index)
      for (const { place } of here) assert.equal(stateOf(offsetIn(place)), 'ready')
      part.removeReady(
        here.map(({ place, text }) => ({ offset: offsetIn(place), size: text.length })),
      )
    }
    store.endAtom()
    for (const message of chosen) message.state = 'gone'
    queue.onReadable()
  }

  check(): void {
    const { queue } = this.it
    const [ready, unacked] = [this.count('ready'), this.count('unacked')]
    assert.deepEqual(
      [queue.messageCount, queue.readyCount, queue.unackedCount, queue.consumerCount],
      [ready + unacked, ready, unacked, this.consumers.length],
    )
    if (queue.settings.sizeMax === Infinity) return
    const waiting = this.messages.filter(({ state }) => state === 'ready')
    const size = waiting.reduce((sum, { text }) => sum + text.length, 0)
    assert.equal((queue.parts[0] as Backlog).readySize, size)
  }

  /** Nothing is left to do: whoever has room has got what there is. */
  checkIdle(): void {
    this.it.settle()
    this.check()
    const waits = this.count('ready') > 0 && this.consumers.some(({ hasRoom }) => hasRoom)
    assert.ok(!waits, 'a message waits although a consumer has room')
  }

  /** Everything that the model has left comes out, in order. */
  drain(): void {
    while (this.consumers.length > 0) this.cancel(0)
    while (this.count('unacked') > 0) this.settle(0, true)
    for (let left = this.count('ready'); left > 0; left--) {
      this.take()
      // The first look may have to wait for the mark.
      this.it.settle()
      if (this.count('unacked') === 0) this.take()
      this.settle(0, false)
    }
    this.it.settle()
    this.take()
    this.check()
    assert.equal(this.it.queue.messageCount, 0)
  }

  count(state: ModelMessage['state']): number {
    return this.messages.filter((message) => message.state === state).length
  }
}

type Step = (model: Model) => void

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    arbitrary: fc.option(fc.nat(9), { nil: undefined }).map(
      (priority): Step =>
        (model) =>
          model.publish(priority),
    ),
    weight: 6,
  },
  {
    arbitrary: fc.tuple(fc.nat(3), fc.nat(3)).map(
      ([prefetch, noAck]): Step =>
        (model) =>
          model.consume(prefetch, noAck === 0),
    ),
    weight: 2,
  },
  {
    arbitrary: fc.nat(9).map(
      (at): Step =>
        (model) =>
          model.cancel(at),
    ),
    weight: 1,
  },
  {
    arbitrary: fc.nat(9).map(
      (at): Step =>
        (model) =>
          model.toggle(at),
    ),
    weight: 1,
  },
  {
    arbitrary: fc.nat(99).map(
      (at): Step =>
        (model) =>
          model.settle(at, false),
    ),
    weight: 4,
  },
  {
    arbitrary: fc.nat(99).map(
      (at): Step =>
        (model) =>
          model.settle(at, true),
    ),
    weight: 3,
  },
  { arbitrary: fc.constant<Step>((model) => model.take()), weight: 2 },
  { arbitrary: fc.constant<Step>((model) => model.purge()), weight: 1 },
  {
    arbitrary: fc.tuple(fc.nat(9), fc.integer({ min: 1, max: 4 })).map(
      ([at, everyNth]): Step =>
        (model) =>
          model.removeSome(at, everyNth),
    ),
    weight: 2,
  },
  { arbitrary: fc.constant<Step>((model) => void model.it.clock.endOneTurn()), weight: 4 },
  { arbitrary: fc.constant<Step>((model) => void model.it.clock.nextTimer()), weight: 2 },
  { arbitrary: fc.constant<Step>((model) => model.checkIdle()), weight: 2 },
)

function run(model: Model, steps: readonly Step[]): void {
  for (const each of steps) {
    each(model)
    model.check()
  }
  model.checkIdle()
  model.drain()
}

const steps = fc.array(step, { maxLength: 80, size: 'max' })
const chaosOf = (seed: number): MemoryChaos => ({
  random: seededRandom(seed),
  delayMsMax: 20,
})

const kinds: readonly {
  readonly name: string
  readonly order: Order
  readonly setup: QueueSetup
}[] = [
  { name: 'a queue', order: plain, setup: {} },
  {
    name: 'a queue with priorities',
    order: classic,
    setup: { arguments: table({ 'x-max-priority': 3 }) },
  },
  { name: 'a quorum queue', order: quorum, setup: { type: 'quorum' } },
  {
    name: 'a queue that counts its bytes',
    order: plain,
    setup: { arguments: table({ 'x-max-length-bytes': 1_000_000 }) },
  },
]

for (const { name, order, setup } of kinds) {
  for (const isDurable of [true, false]) {
    test(`${name}, ${isDurable ? 'durable' : 'transient'}, is a list of messages`, () => {
      fc.assert(
        fc.property(steps, (all) => run(new Model(order, { ...setup, isDurable }), all)),
        { numRuns: 300 },
      )
    })
  }

  test(`${name} is a list of messages when commits are late`, () => {
    fc.assert(
      fc.property(steps, fc.nat(), (all, seed) =>
        run(new Model(order, { ...setup, chaos: chaosOf(seed) }), all),
      ),
      { numRuns: 300 },
    )
  })
}
