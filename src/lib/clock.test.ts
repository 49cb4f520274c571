// The machine's own clock, where it is not what Node's timers are.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from './clock.ts'

test('a timer for what is over is called soon, and Node warns of nothing', async () => {
  const warnings: string[] = []
  const note = (warning: Error): number => warnings.push(warning.name)
  process.on('warning', note)
  const { promise, resolve } = Promise.withResolvers<void>()
  systemClock.after(-747, resolve)
  // The timer does not keep the process alive.
  const alive = setInterval(() => undefined, 1000)
  await promise
  clearInterval(alive)
  process.off('warning', note)
  assert.deepEqual(warnings, [])
})
