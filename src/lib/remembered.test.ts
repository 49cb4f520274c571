import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Remembered } from './remembered.ts'

test('what was found is good for a while, also for those who ask meanwhile', async () => {
  let now = 0
  let count = 0
  const remembered = new Remembered({ monotonic: () => now }, 100, () => Promise.resolve(++count))
  assert.deepEqual(await Promise.all([remembered.get(), remembered.get()]), [1, 1])
  now = 100
  assert.equal(await remembered.get(), 1)
  now = 101
  assert.equal(await remembered.get(), 2)
})

test('what failed is tried again', async () => {
  let count = 0
  const remembered = new Remembered({ monotonic: () => 0 }, 100, () =>
    ++count === 1 ? Promise.reject(new Error('no')) : Promise.resolve(count),
  )
  await assert.rejects(remembered.get(), /no/)
  assert.equal(await remembered.get(), 2)
})
