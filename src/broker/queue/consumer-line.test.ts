import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { table } from '../../record/message/field-table.ts'
import { ConsumerLine } from './consumer-line.ts'
import { Consumer, type DeliverySink } from './consumer.ts'
import type { Queue } from './queue.ts'

const sink: DeliverySink = {
  canTake: () => true,
  deliver: () => {},
  onSettled: () => {},
  onCancelled: () => {},
}

function makeConsumer(tag: string, priority: number): Consumer {
  return new Consumer({} as Queue, sink, {
    tag,
    isNoAck: true,
    isExclusive: false,
    prefetch: 0,
    arguments: table({ 'x-priority': priority }),
  })
}

/** Every consumer in line, read in both directions. */
function tagsOf(line: ConsumerLine): string[] {
  const tags: string[] = []
  let last: Consumer | undefined
  for (let at = line.first; at !== undefined; at = at.next) {
    assert.equal(at.previous, last)
    assert.ok(at.isListed)
    tags.push(at.tag)
    last = at
  }
  return tags
}

test('a line is served by priority and then by turns, whoever leaves it', () => {
  const priorities = fc.array(fc.integer({ min: -1, max: 1 }), { minLength: 1, maxLength: 8 })
  const steps = fc.array(fc.option(fc.nat(7)), { maxLength: 40, size: 'max' })
  fc.assert(
    fc.property(priorities, steps, (chosen, moves) => {
      const consumers = chosen.map((priority, index) => makeConsumer(`c${index}`, priority))
      const line = new ConsumerLine()
      let expected: Consumer[] = []
      const enter = (consumer: Consumer): void => {
        const behind = expected.findIndex(({ priority }) => priority < consumer.priority)
        expected.splice(behind < 0 ? expected.length : behind, 0, consumer)
      }
      for (const move of moves) {
        const consumer = move === null ? undefined : consumers[move]
        if (consumer === undefined) {
          line.rotate()
          const first = expected.shift()
          if (first !== undefined) enter(first)
        } else if (consumer.isListed) {
          line.leave(consumer)
          expected = expected.filter((each) => each !== consumer)
        } else {
          line.enter(consumer)
          enter(consumer)
        }
        assert.deepEqual(
          tagsOf(line),
          expected.map(({ tag }) => tag),
        )
      }
      line.clear()
      assert.equal(line.first, undefined)
      assert.ok(consumers.every(({ isListed, next }) => !isListed && next === undefined))
    }),
  )
})
