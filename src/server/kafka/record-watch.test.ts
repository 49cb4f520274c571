import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../../lib/clock.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { RecordWatch } from './record-watch.ts'
import type { RequestContext } from './request-context.ts'

test('a wait for a time that has passed meanwhile is none, and no negative one', async () => {
  const delays: number[] = []
  const clock: Pick<Clock, 'monotonic' | 'after'> = {
    monotonic: () => 1001.19,
    after: (ms, callback) => {
      delays.push(ms)
      callback()
      return { stop: () => undefined }
    },
  }
  const client = { onClose: () => () => undefined }
  using watch = new RecordWatch([], { clock, client, led: {} } as unknown as RequestContext)
  await watch.waitUntil(1000)
  await watch.waitUntil(1002)
  assert.deepEqual(delays.map(Math.round), [0, 1])
})

test('whoever waits is woken when a cell moves, and no more once it has stopped waiting', async () => {
  const clock = new VirtualClock()
  const listeners = new Set<() => void>()
  const moves = {
    count: 0,
    onMove: (listener: () => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  const client = { onClose: () => () => undefined }
  {
    using watch = new RecordWatch([], {
      clock,
      client,
      led: { moves },
    } as unknown as RequestContext)
    const waiting = watch.waitUntil(clock.monotonic() + 60_000)
    for (const listener of listeners) listener()
    await waiting
  }
  assert.equal(listeners.size, 0)
})
