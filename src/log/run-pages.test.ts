import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../limits.ts'
import { RunPages } from './run-pages.ts'

test('a page that was given back is the next one', () => {
  const pages = new RunPages(limits.runSizeMax)
  const page = pages.take()
  assert.equal(page.length, limits.runSizeMax)
  assert.notEqual(pages.take(), page)
  pages.giveBack(page)
  assert.equal(pages.take(), page)
  assert.notEqual(pages.take(), page)
})

test('a page of which somebody keeps a view is not given out again', () => {
  const pages = new RunPages(limits.runSizeMax)
  const page = pages.take()
  pages.lend(page.subarray(100, 200))
  pages.giveBack(page)
  assert.notEqual(pages.take(), page)
})

test('memory that is no page is not given out', () => {
  const pages = new RunPages(limits.runSizeMax)
  const foreign = Buffer.allocUnsafeSlow(limits.runSizeMax)
  pages.giveBack(foreign)
  assert.notEqual(pages.take(), foreign)
})

test('no more free pages are kept than allowed', () => {
  const pages = new RunPages(2 * limits.runSizeMax)
  const given = [pages.take(), pages.take(), pages.take()]
  for (const page of given) pages.giveBack(page)
  const taken = [pages.take(), pages.take(), pages.take()]
  assert.equal(taken.filter((page) => given.includes(page)).length, 2)
})
