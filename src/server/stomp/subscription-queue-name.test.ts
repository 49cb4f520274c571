import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from '../../lib/random.ts'
import { subscriptionQueueName } from './subscription-queue-name.ts'

test('durable subscriptions have the queues that RabbitMQ 3.10 gave them', () => {
  for (const [key, id, name] of [
    ['durable.x', 'sub-1', 'stomp-subscription-PTEwu01gX25FRqDzsWGLEw'],
    ['durable.x', 'ü', 'stomp-subscription-vquvd-uyVgThd2UkyGbNEQ'],
    ['kk', 'e1', 'stomp-subscription-V1p_MvlahSko1SKYL9qbCA'],
    ['', 'e2', 'stomp-subscription-LqqKkdmxeGqp5U4vjbuuTA'],
  ] as const) {
    assert.equal(subscriptionQueueName(key, id, systemRandom), name)
  }
})

test('other subscriptions have queues of their own', () => {
  const names = Array.from({ length: 3 }, () => subscriptionQueueName('k', undefined, systemRandom))
  assert.equal(new Set(names).size, 3)
  for (const name of names) assert.match(name, /^stomp-subscription-[\w-]{22}$/)
})
