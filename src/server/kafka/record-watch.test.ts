import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../../lib/clock.ts'
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
  using watch = new RecordWatch([], { clock, client } as unknown as RequestContext)
  await watch.waitUntil(1000)
  await watch.waitUntil(1002)
  assert.deepEqual(delays.map(Math.round), [0, 1])
})
