import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fetchFromStart, fetchRequest } from '../../../test/support/fetch-request.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
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
  const sessions = new FetchSessions(seededRandom(1), 1e9)
  const half = kafkaLimits.fetchSessionPartitionsMax / 2
  const ids = [half, half].map((count) => resolve(sessions, first, count).id ?? 0)
  const usual = resolve(sessions, first, 10).id ?? 0
  const errors = [...ids, usual].map(
    (sessionId) => resolve(sessions, { sessionId, sessionEpoch: 1 }, 0).error,
  )
  assert.deepEqual(errors, ['FETCH_SESSION_ID_NOT_FOUND', undefined, undefined])
})

test('a session that grows counts with what it has grown to', () => {
  const sessions = new FetchSessions(seededRandom(1), 1e9)
  const other = resolve(sessions, first, 10).id ?? 0
  const growing = resolve(sessions, first, 10).id ?? 0
  const all = kafkaLimits.fetchSessionPartitionsMax
  assert.equal(resolve(sessions, { sessionId: growing, sessionEpoch: 1 }, all).error, undefined)
  const { error } = resolve(sessions, { sessionId: other, sessionEpoch: 1 }, 0)
  assert.equal(error, 'FETCH_SESSION_ID_NOT_FOUND')
})

test('on a small machine sessions have fewer partitions', () => {
  const sessions = new FetchSessions(seededRandom(1), 128e6)
  const ids = [5000, 3000, 600].map((count) => resolve(sessions, first, count).id ?? 0)
  const errors = ids.map((sessionId) => resolve(sessions, { sessionId, sessionEpoch: 1 }, 0).error)
  assert.deepEqual(errors, ['FETCH_SESSION_ID_NOT_FOUND', undefined, undefined])
})
