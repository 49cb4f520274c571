// What people do to sessions and retained messages, besides their clients.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guest, SessionsOnDisk, sourceOf } from '../../../test/support/sessions-on-disk.ts'
import { encodeAddress } from '../../record/message/address.ts'
import { deleteRetained, type RetainedDeleted } from './delete-retained.ts'
import { disconnectSession } from './disconnect-session.ts'
import type { Will } from './will.ts'

const will: Will = {
  publisher: guest,
  address: encodeAddress('amq.topic', 'gone'),
  header: sourceOf('gone', 'bye', { qos: 1 }).header,
  body: Buffer.from('bye'),
  topic: undefined,
  retainedAs: undefined,
  delayMs: 0,
}

test('who is disconnected is told, has its will sent, and finds its session again', async () => {
  const on = new SessionsOnDisk()
  const process = await on.start()
  const [actor, other] = [process.actor('a'), process.actor('b')]
  other.connect()
  other.subscribe('gone')
  const { session } = actor.connect({ will })
  actor.subscribe('x')
  assert.equal(disconnectSession(process.sessions, session), true)
  await on.settle()
  assert.deepEqual(
    [actor.ends, session.client, other.texts],
    [['disconnected'], undefined, ['bye']],
  )
  assert.equal(disconnectSession(process.sessions, session), false)
  process.publish('x', '1')
  const again = process.actor('a')
  assert.equal(again.connect().isPresent, true)
  await on.settle()
  assert.deepEqual(again.texts, ['1'])
})

test('a session knows since when it is connected', async () => {
  const on = new SessionsOnDisk()
  const process = await on.start()
  const actor = process.actor('a')
  const { session } = actor.connect()
  assert.equal(session.attachedAt, process.it.broker.clock.now())
})

test('retained messages of a filter are deleted, which a crash does not undo', async () => {
  const on = new SessionsOnDisk()
  const process = await on.start()
  for (const topic of ['a/1', 'a/2', 'a/1/x', 'b']) {
    process.publish(topic, 'four', { isRetained: true })
  }
  await on.settle()
  const { retained } = process.sessions
  assert.deepEqual([retained.count, retained.size], [4, 16])
  const asked = { filter: 'a/+', may: (topic: string) => topic !== 'a/2', examplesMax: 10 }
  const { store } = process.it.broker
  const run = (isDry: boolean): RetainedDeleted => {
    const steps = deleteRetained(retained, store, { ...asked, isDry })
    for (;;) {
      const { done, value } = steps.next()
      if (done === true) return value
    }
  }
  for (const isDry of [true, false]) {
    const { count, size, refusedCount, examples } = run(isDry)
    assert.deepEqual([count, size, refusedCount, examples], [1, 4, 1, ['a/1']])
  }
  assert.deepEqual([retained.count, retained.size], [3, 12])
  await on.settle()
  await on.stop(process)
  const next = await on.start()
  const after = next.sessions.retained
  assert.deepEqual([...after.match('#')].map(([topic]) => topic).toSorted(), ['a/1/x', 'a/2', 'b'])
  assert.deepEqual([after.size, after.find('a/1'), after.find('b')?.size], [12, undefined, 4])
})
