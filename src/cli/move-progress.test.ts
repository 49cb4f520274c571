import assert from 'node:assert/strict'
import { test } from 'node:test'
import { moveLimits } from '../limits/move.ts'
import type { PartProgress } from '../move/mover.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { MoveProgress, progressLine } from './move-progress.ts'

const part = (more: Partial<PartProgress> = {}): PartProgress => ({
  name: 'orders',
  state: 'moving',
  records: 1000,
  bytes: 2048,
  left: 500,
  reason: undefined,
  ...more,
})

test('a line has what was moved, how fast, what is left and for how long', () => {
  const parts = [part(), part({ name: 'mails', left: undefined })]
  assert.equal(
    progressLine(parts, 'messages', 2000),
    '2000 messages, 4.0 KiB moved, 1000/s, 500 left, about 1 s',
  )
  assert.equal(
    progressLine([part({ left: 0, reason: 'it is full' })], 'records', 0),
    '1000 records, 2.0 KiB moved, 0/s, 0 left; orders: it is full',
  )
})

test('a terminal has one line that is written over', () => {
  const clock = new VirtualClock()
  let text = ''
  const output = { isTTY: true, write: (more: string) => (text += more) }
  const progress = new MoveProgress(clock, output, 'messages')
  progress.show([part()])
  assert.equal(text, '')
  clock.advance(moveLimits.progressMs)
  progress.show([part()])
  progress.show([part()])
  progress.end()
  assert.ok(text.startsWith('\r\u001b[K1000 messages'), text)
  assert.equal(text.split('\n').length, 2)
})

test('elsewhere there is a line now and then, and one at once for what holds the move up', () => {
  const clock = new VirtualClock()
  const lines: string[] = []
  const progress = new MoveProgress(clock, { write: (line) => lines.push(line) }, 'messages')
  clock.advance(moveLimits.progressLineMs - 1)
  progress.show([part()])
  assert.equal(lines.length, 0)
  progress.show([part({ reason: 'line\u001b[2K' })])
  progress.show([part({ reason: 'line\u001b[2K' })])
  assert.equal(lines.length, 1)
  assert.match(lines[0]!, /orders: line\\u001b\[2K\n$/)
  progress.show([part()])
  clock.advance(moveLimits.progressLineMs)
  progress.show([part()])
  assert.equal(lines.length, 3)
})
