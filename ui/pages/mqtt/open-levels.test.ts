import assert from 'node:assert/strict'
import { test } from 'node:test'
import { levelsAbove, levelsMax, toggleLevel } from './open-levels.ts'

test('a level is opened, and closed with what is below it', () => {
  let open: readonly string[] = []
  for (const level of ['a', 'a/b', 'ab']) open = toggleLevel(open, level)
  assert.deepEqual(open, ['a', 'a/b', 'ab'])
  assert.deepEqual(toggleLevel(open, 'a'), ['ab'])
})

test('of too many levels those close that were opened first, but none that the new one is in', () => {
  let open: readonly string[] = ['top']
  for (let count = 1; count < levelsMax; count++) open = toggleLevel(open, `other${count}`)
  open = toggleLevel(open, 'top/below')
  assert.equal(open.length, levelsMax)
  assert.ok(open.includes('top') && open.includes('top/below'))
  assert.ok(!open.includes('other1'))
})

test('a level that is empty has others below it', () => {
  const open = toggleLevel(toggleLevel([], ''), '/a')
  assert.deepEqual(open, ['', '/a'])
  assert.deepEqual(toggleLevel(open, ''), [])
})

test('what is above a topic can be opened', () => {
  assert.deepEqual(levelsAbove('a/b/c'), ['a', 'a/b'])
  assert.deepEqual(levelsAbove('/a'), [''])
  assert.deepEqual(levelsAbove(undefined), [])
})
