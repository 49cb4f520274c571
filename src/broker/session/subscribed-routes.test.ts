// What a test of a route tells of subscriptions of MQTT, which are no bindings.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  SessionsOnDisk,
  type SessionsProcess,
  sourceOf,
} from '../../../test/support/sessions-on-disk.ts'
import { Rights } from '../../auth/rights.ts'
import { targetName } from '../exchange/binding.ts'
import { type RouteTest, testRoute } from '../publish/test-route.ts'

function routed({ it: { broker } }: SessionsProcess, topic: string): RouteTest {
  const place = { user: 'guest', vhost: '/' }
  return testRoute(broker.getVHost('/'), broker.replies, {
    source: sourceOf(topic, 'x', { qos: 1 }),
    publisher: { user: 'guest', tags: [] },
    rights: new Rights(place, { permission: 'all', topics: [] }),
  })
}

test('a subscription leads to the queue of its session, for certain', async () => {
  const process = await new SessionsOnDisk().start()
  const actor = process.actor('a')
  actor.connect()
  actor.subscribe('a/#')
  const { isRouted, destinations, steps } = routed(process, 'a/b')
  assert.deepEqual([isRouted, destinations.map(({ isCertain }) => isCertain)], [true, [true]])
  assert.deepEqual(
    steps.map(({ outcome, ways, directCount }) => [
      outcome,
      ways.map(({ target, bindings, isSubscribed }) => [
        targetName(target),
        bindings.length,
        isSubscribed,
      ]),
      directCount,
    ]),
    [['matched', [['mqtt-subscription-aqos1', 0, true]], 0]],
  )
})

test('a subscription of QoS 0 is told as a client that gets it at once', async () => {
  const process = await new SessionsOnDisk().start()
  const actor = process.actor('a')
  actor.connect()
  actor.subscribe('a/#', { qos: 0 })
  const { isRouted, destinations, steps } = routed(process, 'a/b')
  assert.deepEqual([isRouted, destinations, steps[0]?.directCount], [true, [], 1])
  const other = routed(process, 'b')
  assert.deepEqual([other.isRouted, other.steps[0]?.outcome], [false, 'unmatched'])
})
