import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { RepeatedNotice } from './repeated-notice.ts'

test('the first is said at once, what follows once an interval and with its number', () => {
  const clock = new VirtualClock()
  const notice = new RepeatedNotice(clock, 1000)
  const said: string[] = []
  const tell = (text: string): void => notice.tell('disk', (count) => said.push(`${text} ${count}`))
  tell('a')
  for (const text of ['b', 'c', 'd']) tell(text)
  assert.deepEqual(said, ['a 1'])
  clock.advance(1000)
  assert.deepEqual(said, ['a 1', 'd 3'])
  clock.advance(5000)
  tell('e')
  assert.deepEqual(said, ['a 1', 'd 3', 'e 1'])
})

test('kinds do not wait for each other, and a closed notice says nothing', () => {
  const clock = new VirtualClock()
  const notice = new RepeatedNotice(clock, 1000)
  const said: string[] = []
  for (const kind of ['a', 'b', 'a']) notice.tell(kind, (count) => said.push(`${kind} ${count}`))
  assert.deepEqual(said, ['a 1', 'b 1'])
  notice.close()
  clock.advance(2000)
  assert.deepEqual(said, ['a 1', 'b 1'])
})
