import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RunPages } from './run-pages.ts'

const size = 1000

test('a page that was given back is the next one', () => {
  const pages = new RunPages(size)
  const page = pages.take(size)
  assert.equal(page.length, size)
  assert.notEqual(pages.take(size), page)
  pages.giveBack(page)
  assert.equal(pages.take(size), page)
  assert.notEqual(pages.take(size), page)
})

test('a page of which somebody keeps a view is not given out again', () => {
  const pages = new RunPages(size)
  const page = pages.take(size)
  pages.lend(page.subarray(100, 200))
  pages.giveBack(page)
  assert.notEqual(pages.take(size), page)
})

test('memory that is no page is not given out', () => {
  const pages = new RunPages(size)
  const foreign = Buffer.allocUnsafeSlow(size)
  pages.giveBack(foreign)
  assert.notEqual(pages.take(size), foreign)
})

test('no more free pages are kept than allowed', () => {
  const pages = new RunPages(2 * size)
  const given = [pages.take(size), pages.take(size), pages.take(size)]
  for (const page of given) pages.giveBack(page)
  const taken = [pages.take(size), pages.take(size), pages.take(size)]
  assert.equal(taken.filter((page) => given.includes(page)).length, 2)
})

test('a page is given out only to who wants its size, and a part of one to nobody', () => {
  const pages = new RunPages(4 * size)
  const [page, large] = [pages.take(size), pages.take(2 * size)]
  pages.giveBack(large.subarray(0, size))
  pages.giveBack(large)
  assert.notEqual(pages.take(size).buffer, large.buffer)
  pages.giveBack(page)
  assert.equal(pages.take(2 * size), large)
  assert.equal(pages.take(size), page)
})
