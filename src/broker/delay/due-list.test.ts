import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Bucket } from './bucket.ts'
import { DueList } from './due-list.ts'

const buckets = [{ openAt: 1 }, { openAt: 2 }, { openAt: 3 }] as unknown as readonly Bucket[]

interface Listed {
  readonly dueAt: number
  readonly bucket: Bucket
  readonly offset: number
}

const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ dueAt: fc.nat(20), bucket: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.constant('pop' as const) },
  { weight: 1, arbitrary: fc.record({ removed: fc.nat(2) }) },
)

test('gives messages in the order of time, those of one time as they came', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 300, size: 'max' }), (commands) => {
      const list = new DueList()
      let model: Listed[] = []
      for (const [offset, each] of commands.entries()) {
        if (each === 'pop') {
          if (model.length === 0) continue
          list.pop()
          model.shift()
        } else if ('removed' in each) {
          const bucket = buckets[each.removed]!
          list.remove(bucket)
          model = model.filter((listed) => listed.bucket !== bucket)
        } else {
          const bucket = buckets[each.bucket]!
          list.push(each.dueAt, bucket, offset)
          model.push({ dueAt: each.dueAt, bucket, offset })
          // A stable sort.
          model.sort((a, b) => a.dueAt - b.dueAt)
        }
        assert.equal(list.size, model.length)
        const [first] = model
        assert.equal(list.dueAt, first?.dueAt ?? Infinity)
        if (first === undefined) continue
        assert.equal(list.offset, first.offset)
        assert.equal(list.bucket, first.bucket)
      }
    }),
  )
})
