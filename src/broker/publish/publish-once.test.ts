import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { messageTo, NotingClient } from '../../../test/support/noting-client.ts'
import { noRights } from '../../auth/rights.ts'
import { table } from '../../record/message/field-table.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { ClientCounters } from '../counters/client-counters.ts'
import { publishRateNames } from '../rate/publish-rates.ts'
import type { PublishedOnce } from './publish-batch.ts'
import { publishOnce } from './publish-once.ts'

const msMax = 1000

let client: NotingClient
let counters: ClientCounters
beforeEach(() => {
  client = new NotingClient()
  counters = new ClientCounters()
})

function publish(source: RecordSource, rights = client.rights): Promise<PublishedOnce> {
  const { broker, user } = client
  const principal = { protocol: 'HTTP', address: '127.0.0.1', user, tags: [] } as const
  const asked = { source, principal, rights, counters, msMax }
  return publishOnce(broker, broker.getVHost('/'), asked)
}

test('a message is settled once it is durable', async () => {
  const published = publish(messageTo('q', 'm'))
  assert.equal(counters.confirmed, 0)
  client.clock.runUntilIdle()
  assert.equal(await published, 'routed')
  assert.deepEqual(client.take(), ['m'])
  assert.equal(await publish(messageTo('none', 'm')), 'unroutable')
  assert.deepEqual([counters.published, counters.confirmed, counters.returned], [2, 2, 1])
})

test('a full queue refuses it', async () => {
  client.declare('full', false, table({ 'x-max-length': 0, 'x-overflow': 'reject-publish' }))
  assert.equal(await publish(messageTo('full', 'm')), 'refused')
  assert.equal(counters.confirmed, 0)
})

test('who may not publish is refused', async () => {
  await assert.rejects(publish(messageTo('q', 'm'), noRights), { code: 'access_refused' })
})

test('while publishers are blocked it waits, and is dropped when that takes too long', async () => {
  client.broker.shortage.set('memory', true)
  const published = publish(messageTo('q', 'late'))
  client.clock.advance(msMax)
  assert.equal(await published, 'blocked')
  client.broker.shortage.set('memory', false)
  assert.deepEqual(client.take(), [])
})

test('who publishes too fast for its limit waits until the debt is paid', async () => {
  const limits = { [publishRateNames.messages]: 10 }
  const user = { name: client.user, passwordHash: '', tags: [], limits }
  const row = { ...user, hashingAlgorithm: 'rabbit_password_hashing_sha256' } as const
  client.broker.access.apply({ kind: 'user', op: 'put', row })
  let settled = 0
  const published = Array.from({ length: 8 }, async (_, index) => {
    await publish(messageTo('q', String(index)))
    settled++
  })
  client.clock.endTurn()
  await new Promise((resolve) => void setImmediate(resolve))
  assert.ok(settled < published.length, `${settled} at once`)
  for (let passed = 0; settled < published.length && passed < 100; passed++) {
    client.clock.advance(100)
    await new Promise((resolve) => void setImmediate(resolve))
  }
  await Promise.all(published)
  assert.equal(client.take().length, published.length)
})
