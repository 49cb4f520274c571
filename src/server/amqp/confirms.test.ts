import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { framesOf, SocketDouble } from '../../../test/support/socket-double.ts'
import { BASIC_ACK, BASIC_NACK } from '../../codec/amqp/methods.gen.ts'
import { CommitGroup } from '../../log/commit-group.ts'
import { Confirms } from './confirms.ts'
import { Output } from './output.ts'

interface Verdict {
  readonly tag: number
  readonly isAcked: boolean
  readonly isMultiple: boolean
}

class Channel {
  readonly confirms: Confirms = new Confirms()
  readonly #socket = new SocketDouble()
  readonly #output = new Output(this.#socket.asSocket())

  /** What is written for the confirms that are due. */
  write(): Verdict[] {
    this.confirms.write(this.#output, 1)
    this.#output.flush()
    return framesOf(this.#socket.take()).map(({ method }) => {
      assert.ok(method?.id === BASIC_ACK || method?.id === BASIC_NACK)
      const { id, deliveryTag: tag, multiple: isMultiple } = method
      return { tag, isAcked: id === BASIC_ACK, isMultiple }
    })
  }
}

function groupOf(sequence: number, isTracing: boolean): CommitGroup {
  const group = new CommitGroup(sequence)
  if (isTracing) group.trace = []
  return group
}

test('publishes of one group are confirmed with one ack, once the group is finished', () => {
  const channel = new Channel()
  const group = groupOf(1, false)
  assert.deepEqual(
    [0, 1, 2].map((atom) => channel.confirms.track(group, atom)),
    [true, false, false],
  )
  assert.deepEqual(channel.write(), [])
  group.finish()
  assert.deepEqual(channel.write(), [{ tag: 3, isAcked: true, isMultiple: true }])
  assert.equal(channel.confirms.isPending, false)
})

test('a publish that needs no group waits for those before it', () => {
  const channel = new Channel()
  const group = groupOf(1, false)
  channel.confirms.track(group, 0)
  assert.equal(channel.confirms.track(undefined, 0), false)
  assert.deepEqual(channel.write(), [])
  group.finish()
  assert.deepEqual(channel.write(), [{ tag: 2, isAcked: true, isMultiple: true }])
})

test('a refused publish is nacked and its neighbours are acked', () => {
  const channel = new Channel()
  const group = groupOf(1, true)
  for (const atom of [0, 1, 2]) channel.confirms.track(group, atom)
  group.finish(new Set([1]))
  assert.deepEqual(
    channel.write().map(({ tag, isAcked }) => [tag, isAcked]),
    [
      [1, true],
      [2, false],
      [3, true],
    ],
  )
})

/** Applies verdicts as a client does. */
function settle(waiting: Set<number>, verdicts: readonly Verdict[]): Map<number, boolean> {
  const settled = new Map<number, boolean>()
  for (const { tag, isAcked, isMultiple } of verdicts) {
    for (const each of waiting) {
      if (each !== tag && !(isMultiple && each < tag)) continue
      waiting.delete(each)
      settled.set(each, isAcked)
    }
  }
  return settled
}

test('every publish gets its own verdict exactly once, whatever order groups finish in', () => {
  const publishes = fc.array(fc.nat(5), { maxLength: 30, size: 'max' })
  fc.assert(
    fc.property(publishes, fc.array(fc.nat(99)), fc.nat(), (groupSteps, order, refusedBits) => {
      const channel = new Channel()
      const groups = [groupOf(0, true)]
      const expected = new Map<number, boolean>()
      for (const [index, step] of groupSteps.entries()) {
        // 0 starts another group, 5 is a publish that needs none.
        if (step === 0) groups.push(groupOf(groups.length, true))
        const group = step === 5 ? undefined : groups.at(-1)
        const atom = group === undefined ? 0 : group.atomCount++
        channel.confirms.track(group, atom)
        const isRefused = group !== undefined && ((refusedBits >>> (atom % 31)) & 1) === 1
        expected.set(index + 1, !isRefused)
      }
      const waiting = new Set(expected.keys())
      const verdicts = new Map<number, boolean>()
      const finish = (group: CommitGroup): void => {
        const refused = new Set<number>()
        for (let atom = 0; atom < group.atomCount; atom++) {
          if (((refusedBits >>> (atom % 31)) & 1) === 1) refused.add(atom)
        }
        group.finish(refused.size > 0 ? refused : undefined)
        for (const [tag, isAcked] of settle(waiting, channel.write())) verdicts.set(tag, isAcked)
      }
      for (const at of order) {
        const [group] = groups.splice(at % Math.max(1, groups.length), 1)
        if (group !== undefined) finish(group)
      }
      for (const group of groups) finish(group)
      for (const [tag, isAcked] of settle(waiting, channel.write())) verdicts.set(tag, isAcked)
      assert.deepEqual(new Map([...verdicts].toSorted((a, b) => a[0] - b[0])), expected)
      assert.equal(channel.confirms.isPending, false)
    }),
  )
})
