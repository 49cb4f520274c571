import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { seededRandom } from '../testing/seeded-random.ts'
import { type DeliveryHolder, UnackedDeliveries } from './unacked-deliveries.ts'

const holder: DeliveryHolder = { ackTimeoutMs: Infinity, settle: () => undefined }
const offsetOf = (tag: number): number => tag * 10

/** Settled tags in the order they were told. */
function settling(): {
  readonly tags: number[]
  readonly settle: (h: unknown, offset: number, tag: number) => void
} {
  const tags: number[] = []
  return {
    tags,
    settle: (given, offset, tag) => {
      assert.equal(given, holder)
      assert.equal(offset, offsetOf(tag))
      tags.push(tag)
    },
  }
}

test('an unknown, settled or absurd tag is not settled', () => {
  const unacked = new UnackedDeliveries()
  unacked.add(1, holder, offsetOf(1))
  const { tags, settle } = settling()
  assert.equal(unacked.settle(1, settle), true)
  for (const tag of [0, 1, 2, -1, 2 ** 53, 2 ** 64]) {
    assert.equal(unacked.settle(tag, settle), false)
    assert.equal(unacked.settleThrough(tag, settle), false)
  }
  assert.deepEqual(tags, [1])
})

test('what was restored above everything that is unsettled is settled with all', () => {
  const unacked = new UnackedDeliveries()
  for (const tag of [1, 2, 3]) unacked.add(tag, holder, offsetOf(tag))
  unacked.settle(3, () => undefined)
  unacked.restore(3, holder, offsetOf(3))
  assert.equal(unacked.lastTag, 3)
  const { tags, settle } = settling()
  unacked.settleAll(settle)
  assert.deepEqual(
    tags.toSorted((a, b) => a - b),
    [1, 2, 3],
  )
  assert.equal(unacked.count, 0)
})

type Step =
  | { readonly kind: 'add'; readonly gap: number }
  | { readonly kind: 'settle' | 'through' | 'restore'; readonly at: number }
  | { readonly kind: 'all' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.nat(2).map((gap): Step => ({ kind: 'add', gap })), weight: 8 },
  { arbitrary: fc.nat(500).map((at): Step => ({ kind: 'settle', at })), weight: 6 },
  { arbitrary: fc.nat(500).map((at): Step => ({ kind: 'through', at })), weight: 1 },
  { arbitrary: fc.nat(500).map((at): Step => ({ kind: 'restore', at })), weight: 2 },
  { arbitrary: fc.constant<Step>({ kind: 'all' }), weight: 1 },
)

/** UnackedDeliveries beside a plain set of tags. */
class Checked {
  readonly unacked: UnackedDeliveries = new UnackedDeliveries()
  readonly model: Set<number> = new Set()
  readonly #settled: number[] = []
  #lastTag = 0

  add(gap: number): void {
    this.#lastTag += 1 + gap
    this.unacked.add(this.#lastTag, holder, offsetOf(this.#lastTag))
    this.model.add(this.#lastTag)
  }

  settle(tag: number): void {
    const { tags, settle } = settling()
    assert.equal(this.unacked.settle(tag, settle), this.model.delete(tag))
    this.#settled.push(...tags)
  }

  settleThrough(tag: number): void {
    const { tags, settle } = settling()
    const isKnown = this.model.has(tag)
    assert.equal(this.unacked.settleThrough(tag, settle), isKnown)
    this.#expectSettled(tags, isKnown ? tag : 0)
  }

  settleAll(): void {
    const { tags, settle } = settling()
    this.unacked.settleAll(settle)
    this.#expectSettled(tags, this.#lastTag)
  }

  restore(at: number): void {
    const [tag] = this.#settled.splice(at % Math.max(1, this.#settled.length), 1)
    if (tag === undefined || this.model.has(tag)) return
    this.unacked.restore(tag, holder, offsetOf(tag))
    this.model.add(tag)
  }

  check(): void {
    assert.equal(this.unacked.count, this.model.size)
    assert.equal(this.unacked.lastTag, Math.max(0, ...this.model))
  }

  tagAt(at: number): number {
    return at % 7 === 0 ? at : ([...this.model][at % Math.max(1, this.model.size)] ?? at)
  }

  #expectSettled(tags: number[], through: number): void {
    const expected = [...this.model].filter((tag) => tag <= through)
    assert.deepEqual(
      tags.toSorted((a, b) => a - b),
      expected.toSorted((a, b) => a - b),
    )
    for (const tag of tags) this.model.delete(tag)
    this.#settled.push(...tags)
  }
}

function perform(checked: Checked, each: Step): void {
  if (each.kind === 'add') checked.add(each.gap)
  else if (each.kind === 'settle') checked.settle(checked.tagAt(each.at))
  else if (each.kind === 'through') checked.settleThrough(checked.tagAt(each.at))
  else if (each.kind === 'restore') checked.restore(each.at)
  else checked.settleAll()
  checked.check()
}

test('unacked deliveries are a set of tags', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const checked = new Checked()
      for (const each of steps) perform(checked, each)
    }),
  )
})

test('a delivery that stays unsettled while 20,000 others come and go is still there', () => {
  const random = seededRandom(3)
  const checked = new Checked()
  for (let count = 0; count < 5; count++) checked.add(0)
  for (let count = 0; count < 20_000; count++) {
    checked.add(random.below(2))
    const tags = [...checked.model]
    if (tags.length > 40) checked.settle(tags[5 + random.below(tags.length - 5)] ?? 0)
  }
  checked.check()
  assert.deepEqual([...checked.model].slice(0, 5), [1, 2, 3, 4, 5])
  checked.settleThrough(5)
  checked.settleAll()
})
