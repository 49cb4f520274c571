import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { LoginWatch, type Stranger } from './login-watch.ts'

/** A watch with a limit of two, and strangers that write down why they were refused. */
function watched(): {
  readonly clock: VirtualClock
  readonly watch: LoginWatch
  readonly refusals: string[]
  readonly arrive: (name: string) => Stranger
} {
  const clock = new VirtualClock()
  const watch = new LoginWatch(clock, { loginMsMax: 10_000, strangersMax: 2 })
  const refusals: string[] = []
  const arrive = (name: string): Stranger => {
    const stranger = { refuse: (reason: string) => void refusals.push(`${name}: ${reason}`) }
    watch.add(stranger)
    return stranger
  }
  return { clock, watch, refusals, arrive }
}

test('a connection has ten seconds to log in', () => {
  const { clock, watch, refusals, arrive } = watched()
  const quick = arrive('quick')
  arrive('slow')
  clock.advance(9999)
  watch.remove(quick)
  assert.deepEqual(refusals, [])
  clock.advance(1)
  assert.deepEqual(refusals, ['slow: no login within 10 s'])
  clock.advance(100_000)
  assert.equal(refusals.length, 1)
})

test('the oldest goes when there are too many', () => {
  const { refusals, arrive } = watched()
  for (const name of ['first', 'second', 'third', 'fourth']) arrive(name)
  const reason = 'more than 2 connections without a login'
  assert.deepEqual(refusals, [`first: ${reason}`, `second: ${reason}`])
})
