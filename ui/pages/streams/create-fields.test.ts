// What is typed into the form is read as a person means it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCreate, readSize, readTime } from './create-fields.ts'

test('times and sizes are read', () => {
  assert.deepEqual(
    ['500', '90s', '1h 30m', '7d', '1.5h'].map(readTime),
    [500, 90_000, 5_400_000, 604_800_000, 5_400_000],
  )
  assert.deepEqual(['', 'soon', '-1s', '5 parsecs'].map(readTime), Array(4).fill(undefined))
  assert.deepEqual(['1000', '5 MB', '2 GiB', '1kb'].map(readSize), [1000, 5e6, 2 * 1024 ** 3, 1000])
  assert.equal(readSize('much'), undefined)
})

test('only what a kind of stream knows becomes an argument', () => {
  const asked = { isTransient: false, isSingleActive: true }
  const texts = { 'x-max-age': '7d', 'x-dead-letter-routing-key': 'dead', 'x-max-length': 'x' }
  assert.deepEqual(readCreate({ ...asked, kind: 'topic', texts }).arguments, {
    'x-queue-type': 'stream',
    'x-max-age': '604800s',
  })
  const { arguments: args, problems } = readCreate({ ...asked, kind: 'queue', texts })
  assert.deepEqual(args, {
    'x-dead-letter-routing-key': 'dead',
    'x-dead-letter-exchange': '',
    'x-single-active-consumer': true,
  })
  assert.deepEqual(Object.keys(problems), ['x-max-length'])
})
