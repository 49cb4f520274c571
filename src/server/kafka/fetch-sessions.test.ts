import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fetchFromStart, fetchRequest } from '../../../test/support/fetch-request.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { FetchSessions } from './fetch-sessions.ts'

const limits = { maxWaitMs: 0, minBytes: 0, maxBytes: 1 }

/** What `sessions` makes of a request for `count` partitions, at once. */
function resolve(
  sessions: FetchSessions,
  session: { readonly sessionId: number; readonly sessionEpoch: number },
  count: number,
): { readonly id: number | undefined; readonly error: string | undefined } {
  const { topic, topicId, partitions } = fetchFromStart('t', 1)
  const many = Array.from({ length: count }, (_, partition) => ({ ...partitions[0]!, partition }))
  const topics = count === 0 ? [] : [{ topic, topicId, partitions: many }]
  const steps = sessions.resolve(fetchRequest(topics, { ...limits, ...session }))
  for (;;) {
    const { done, value } = steps.next()
    if (!done) continue
    return 'error' in value
      ? { id: undefined, error: value.error }
      : { id: value.session?.id, error: undefined }
  }
}

const first = { sessionId: 0, sessionEpoch: 0 }

test('the oldest sessions are forgotten when all together have too many partitions', () => {
  const sessions = new FetchSessions({ random: seededRandom(1), clock: new VirtualClock() }, 1e9)
  const half = kafkaLimits.fetchSessionPartitionsMax / 2
  const ids = [half, half].map((count) => resolve(sessions, first, count).id ?? 0)
  const usual = resolve(sessions, first, 10).id ?? 0
  const errors = [...ids, usual].map(
    (sessionId) => resolve(sessions, { sessionId, sessionEpoch: 1 }, 0).error,
  )
  assert.deepEqual(errors, ['FETCH_SESSION_ID_NOT_FOUND', undefined, undefined])
})

test('a session that grows counts with what it has grown to', () => {
  const sessions = new FetchSessions({ random: seededRandom(1), clock: new VirtualClock() }, 1e9)
  const other = resolve(sessions, first, 10).id ?? 0
  const growing = resolve(sessions, first, 10).id ?? 0
  const all = kafkaLimits.fetchSessionPartitionsMax
  assert.equal(resolve(sessions, { sessionId: growing, sessionEpoch: 1 }, all).error, undefined)
  const { error } = resolve(sessions, { sessionId: other, sessionEpoch: 1 }, 0)
  assert.equal(error, 'FETCH_SESSION_ID_NOT_FOUND')
})

test('on a small machine sessions have fewer partitions', () => {
  const sessions = new FetchSessions({ random: seededRandom(1), clock: new VirtualClock() }, 128e6)
  const ids = [5000, 3000, 600].map((count) => resolve(sessions, first, count).id ?? 0)
  const errors = ids.map((sessionId) => resolve(sessions, { sessionId, sessionEpoch: 1 }, 0).error)
  assert.deepEqual(errors, ['FETCH_SESSION_ID_NOT_FOUND', undefined, undefined])
})

const { fetchSessionsMax, fetchSessionEvictionMsMin } = kafkaLimits

/** As many sessions as there may be, each with two partitions, and the clock that they live by. */
function full(): { sessions: FetchSessions; clock: VirtualClock; ids: number[] } {
  const clock = new VirtualClock()
  const sessions = new FetchSessions({ random: seededRandom(1), clock }, 1e9)
  const ids = Array.from({ length: fetchSessionsMax }, () => resolve(sessions, first, 2).id ?? 0)
  return { sessions, clock, ids }
}

test('KIP-227: where all sessions are in use, a client goes without one', () => {
  const { sessions, clock } = full()
  assert.equal(resolve(sessions, first, 100).id, undefined)
  clock.advance(fetchSessionEvictionMsMin)
  assert.equal(resolve(sessions, first, 100).id, undefined)
  assert.equal(sessions.evictedCount, 0)
})

test('KIP-227: the session that was not used for two minutes makes room, however small the new one is', () => {
  const { sessions, clock, ids } = full()
  clock.advance(fetchSessionEvictionMsMin + 1)
  for (const sessionId of ids.slice(0, 3)) resolve(sessions, { sessionId, sessionEpoch: 1 }, 0)
  assert.notEqual(resolve(sessions, first, 1).id, undefined)
  const errors = ids
    .slice(0, 5)
    .map((sessionId, at) => resolve(sessions, { sessionId, sessionEpoch: at < 3 ? 2 : 1 }, 0).error)
  const none = undefined
  assert.deepEqual(errors, [none, none, none, 'FETCH_SESSION_ID_NOT_FOUND', none])
})

test('KIP-227: a larger session takes the place of the smallest that is in use and not new', () => {
  const { sessions, clock, ids } = full()
  clock.advance(fetchSessionEvictionMsMin + 1)
  for (const sessionId of ids) resolve(sessions, { sessionId, sessionEpoch: 1 }, 0)
  assert.equal(resolve(sessions, first, 2).id, undefined, 'it is no larger')
  assert.notEqual(resolve(sessions, first, 3).id, undefined)
  assert.equal(sessions.evictedCount, 1)
})

test('a full fetch in a session ends it and begins another', () => {
  const sessions = new FetchSessions({ random: seededRandom(1), clock: new VirtualClock() }, 1e9)
  const sessionId = resolve(sessions, first, 2).id ?? 0
  const next = resolve(sessions, { sessionId, sessionEpoch: 0 }, 2).id
  assert.ok(next !== undefined && next !== sessionId)
  assert.equal(sessions.count, 1)
})
