import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Broker } from '../../broker/broker.ts'
import { Turn } from '../../lib/turn.ts'
import { quotaLimits } from '../../limits/quota.ts'
import { MemoryLogStore } from '../../log/memory/memory-log-store.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { ClientThrottle } from './client-throttle.ts'

interface Under {
  readonly clock: VirtualClock
  readonly broker: Broker
  readonly throttle: ClientThrottle
  /** How often it went on. */
  readonly unmuted: () => number
}

function underTest(): Under {
  const clock = new VirtualClock()
  const turn = new Turn(clock)
  const store = new MemoryLogStore({ clock, turn })
  const options = { store, turn, clock, random: seededRandom(1), vhosts: [] }
  const broker = new Broker({ ...options, onDamaged: (_from, _at, error) => assert.fail(error) })
  let unmuted = 0
  const throttle = new ClientThrottle(broker, () => unmuted++)
  return { clock, broker, throttle, unmuted: () => unmuted }
}

test('a client is muted for as long as its debt takes, and its answers say what is left of it', () => {
  const { clock, broker, throttle, unmuted } = underTest()
  broker.quotas.put({ user: 'a' }, { producer_byte_rate: 1000 })
  throttle.open({ user: 'a', vhost: '/' })
  throttle.follow('c')
  throttle.take('produce', quotaLimits.quotaBurstMs)
  assert.equal(throttle.isMuted, false, 'all of it was saved up')
  throttle.take('produce', 2000)
  assert.deepEqual([throttle.isMuted, throttle.throttleTimeMs], [true, 2000])
  clock.advance(500)
  assert.equal(throttle.throttleTimeMs, 1500)
  assert.deepEqual(throttle.tell({ throttleTimeMs: 0 }), { throttleTimeMs: 1500 })
  assert.deepEqual(throttle.tell({ throttleTimeMs: 9000 }), { throttleTimeMs: 9000 })
  clock.advance(1499)
  assert.equal(unmuted(), 0)
  clock.advance(1)
  assert.deepEqual([throttle.isMuted, throttle.throttleTimeMs, unmuted()], [false, 0, 1])
  assert.deepEqual(broker.quotas.throttled.produce, { count: 1, ms: 2000 })
})

test('who has not logged in has no quota, and one of the user holds from the login on', () => {
  const { broker, throttle } = underTest()
  broker.quotas.put({ user: null }, { request_percentage: 1 })
  throttle.follow('c')
  assert.equal(throttle.isTimed, false)
  throttle.open({ user: 'a', vhost: '/' })
  throttle.follow('c')
  assert.equal(throttle.isTimed, true)
})

test('what is done for a request is timed once, also within a call that is timed, and between others', () => {
  const { clock, broker, throttle } = underTest()
  broker.quotas.put({ user: 'a' }, { request_percentage: 50 })
  throttle.open({ user: 'a', vhost: '/' })
  throttle.follow('c')
  function* work(): Generator<undefined, string> {
    clock.advance(10)
    yield
    clock.advance(20)
    return 'done'
  }
  const steps = throttle.timed(work())
  throttle.time(() => {
    clock.advance(5)
    steps.next()
  })
  clock.advance(1000)
  assert.deepEqual(steps.next(), { done: true, value: 'done' })
  broker.quotas.put({ user: 'a' }, { request_percentage: 0.1 })
  throttle.follow('c')
  throttle.takeTime()
  // 35 ms at one a second; ten were saved up, and a second is the most at a time.
  assert.deepEqual([throttle.isMuted, throttle.throttleTimeMs], [true, 1000])
  assert.ok(
    Math.abs(broker.quotas.find('request', { user: 'a', clientId: 'c' })!.debtMs - 25_000) < 1,
  )
})

test('a connection that is gone waits for nothing and is not told of changes', () => {
  const { clock, broker, throttle, unmuted } = underTest()
  broker.quotas.put({ 'client-id': 'c' }, { consumer_byte_rate: 1 })
  throttle.open({ user: 'a', vhost: '/' })
  throttle.follow('c')
  throttle.take('fetch', 1_000_000)
  assert.equal(broker.quotas.waiting.size, 1)
  throttle.close()
  assert.equal(broker.quotas.waiting.size, 0)
  broker.quotas.put({ 'client-id': 'c' }, {})
  clock.advance(10_000_000)
  assert.equal(unmuted(), 0)
})
