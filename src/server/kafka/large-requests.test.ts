import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLimits } from '../../limits/memory.ts'
import { LargeRequests } from './large-requests.ts'

test('small requests and those with records count as nothing', () => {
  assert.equal(LargeRequests.sizeOf(memoryLimits.smallInputSize, false), 0)
  assert.equal(LargeRequests.sizeOf(10_000_000, true), 0)
  assert.ok(LargeRequests.sizeOf(memoryLimits.smallInputSize + 1, false) > 1_000_000)
})

test('as many begin as there is memory for, one in any case, and others when one is over', () => {
  const requests = new LargeRequests(100)
  assert.equal(requests.tryBegin(300), true)
  assert.equal(requests.tryBegin(10), false)
  const begun: string[] = []
  const wait = (name: string, size: number): void => {
    requests.whenRoom(() => {
      if (requests.tryBegin(size)) begun.push(name)
      else wait(name, size)
    })
  }
  for (const [name, size] of [
    ['a', 40],
    ['b', 50],
    ['c', 60],
  ] as const)
    wait(name, size)
  requests.end(300)
  assert.deepEqual(begun, ['a', 'b'])
  requests.end(40)
  assert.deepEqual(begun, ['a', 'b'])
  requests.end(50)
  assert.deepEqual(begun, ['a', 'b', 'c'])
})
