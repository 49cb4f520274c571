import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTerminalDouble } from '../../test/support/terminal-double.ts'
import { systemClock } from '../lib/clock.ts'
import { Progress } from './progress.ts'

function open(total?: number): {
  readonly progress: Progress
  readonly lines: string[]
  readonly pass: (ms: number) => void
} {
  let now = 0
  const lines: string[] = []
  const clock = { ...systemClock, monotonic: () => now }
  const terminal = { ...openTerminalDouble(), showProgress: (line: string) => lines.push(line) }
  const progress = new Progress(terminal, { clock, unit: 'messages', total })
  return { progress, lines, pass: (ms) => (now += ms) }
}

test('progress tells how far it is, how fast, and how long it will take', () => {
  const { progress, lines, pass } = open(400)
  pass(500)
  progress.add(100)
  progress.end()
  const bar = `[${'#'.repeat(6)}${'.'.repeat(18)}]`
  assert.deepEqual(lines, [`${bar} 25%, 100 of 400 messages, 200/s, 2 s left`, ''])
})

test('progress without an end tells how much there was', () => {
  const { progress, lines, pass } = open()
  pass(1000)
  progress.add(7)
  assert.deepEqual(lines, ['7 messages, 7/s'])
  assert.equal(progress.done, 7)
})

test('progress is not written for every message', () => {
  const { progress, lines, pass } = open(1000)
  for (let index = 0; index < 1000; index++) {
    pass(1)
    progress.add()
  }
  assert.ok(lines.length <= 10, `${lines.length} lines`)
})
