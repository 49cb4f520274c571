import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Late } from './late.ts'

test('it is opened once, however many ask for it', async () => {
  let count = 0
  const late = new Late(() => Promise.resolve(++count))
  assert.equal(late.isLoaded, false)
  await Promise.all([late.load(), late.load()])
  await late.load()
  assert.equal(late.isLoaded, true)
  assert.equal(late.value, 1)
})

test('what could not be opened is tried again', async () => {
  let isBroken = true
  const late = new Late(() => (isBroken ? Promise.reject(new Error('EMFILE')) : Promise.resolve(7)))
  await assert.rejects(late.load(), /EMFILE/)
  assert.equal(late.isLoaded, false)
  isBroken = false
  await late.load()
  assert.equal(late.value, 7)
})

test('it cannot be used before', () => {
  assert.throws(() => new Late(() => Promise.resolve(1)).value, /before it was loaded/)
})
