// Two windows of a log: which one a reader is in, and which one gives way.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LogWindow, Windows } from './windows.ts'

function windowOf(start: number, end: number, entered: LogWindow[] = []): LogWindow {
  const listener = { onEntered: (window: LogWindow) => void entered.push(window) }
  return new LogWindow({ runs: [], start, end, listener })
}

test('a window that nobody reads gives way to a new one, the one being read stays', () => {
  const windows = new Windows()
  const [first, second, third] = [windowOf(0, 10), windowOf(10, 20), windowOf(50, 60)]
  assert.equal(windows.add(first), undefined)
  assert.equal(windows.enter(3), first)
  assert.equal(windows.add(second), undefined)
  assert.equal(windows.add(third), second)
  assert.equal(windows.enter(9), first)
  assert.equal(windows.enter(10), undefined)
  assert.equal(windows.enter(50), third)
  assert.equal(windows.add(second), first)
})

test('the loader is told once when a reader goes on into another window', () => {
  const windows = new Windows()
  const entered: LogWindow[] = []
  const [first, second] = [windowOf(0, 10, entered), windowOf(10, 20, entered)]
  windows.add(first)
  for (const offset of [0, 5, 9]) windows.enter(offset)
  windows.add(second)
  assert.deepEqual(entered, [first])
  for (const offset of [9, 10, 19]) windows.enter(offset)
  assert.deepEqual(entered, [first, second])
})

test('what was dropped is not found any more', () => {
  const windows = new Windows()
  const [first, second] = [windowOf(0, 10), windowOf(10, 20)]
  windows.add(first)
  windows.enter(0)
  windows.add(second)
  windows.drop(first)
  assert.equal(windows.used, undefined)
  assert.equal(windows.has(0), false)
  assert.equal(windows.has(10), true)
  assert.deepEqual(windows.clear(), [second])
  assert.equal(windows.has(10), false)
})
