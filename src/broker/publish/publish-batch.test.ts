import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { messageTo, NotingClient } from '../../../test/support/noting-client.ts'
import { logLimits } from '../../limits/log.ts'
import { encodeAddress } from '../../record/message/address.ts'
import { table } from '../../record/message/field-table.ts'
import { setAddress } from '../../record/message/fill-source.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { ClientCounters } from '../counters/client-counters.ts'
import { publishBatch, type PublishedOne } from './publish-batch.ts'

const msMax = 1000

let client: NotingClient
beforeEach(() => {
  client = new NotingClient()
})

async function publish(
  sources: readonly RecordSource[],
  signal?: AbortSignal,
): Promise<readonly PublishedOne[]> {
  const { broker, user, rights } = client
  const principal = { protocol: 'HTTP', address: '127.0.0.1', user, tags: [] } as const
  const counters = new ClientCounters()
  const asked = { sources, principal, rights, counters, msMax, ...(signal && { signal }) }
  return publishBatch(broker, broker.getVHost('/'), asked)
}

const outcomes = (done: readonly PublishedOne[]): string[] => done.map(({ outcome }) => outcome)

function toNowhere(): RecordSource {
  const source = messageTo('q', 'lost')
  setAddress(source, encodeAddress('nowhere', ''))
  return source
}

test('each message has its own outcome, once all are durable', async () => {
  client.declare('full', false, table({ 'x-max-length': 0, 'x-overflow': 'reject-publish' }))
  const sources = [messageTo('q', 'a'), messageTo('none', 'b'), messageTo('full', 'c'), toNowhere()]
  const published = publish([...sources, messageTo('q', 'd')])
  client.clock.runUntilIdle()
  const done = await published
  assert.deepEqual(outcomes(done), ['routed', 'unroutable', 'refused', 'error', 'routed'])
  assert.deepEqual(client.take(), ['a', 'd'])
})

test('a large message does not lose its place', async () => {
  const large = 'x'.repeat(logLimits.inlineBodySizeMax + 1)
  const published = publish([messageTo('q', 'a'), messageTo('q', large), messageTo('q', 'b')])
  client.clock.runUntilIdle()
  assert.deepEqual(outcomes(await published), ['routed', 'routed', 'routed'])
  assert.deepEqual(
    client.take().map(({ length }) => length),
    [1, large.length, 1],
  )
})

test('what waits too long for blocked publishers is dropped, and said to be blocked', async () => {
  client.broker.shortage.set('memory', true)
  const published = publish([messageTo('q', 'a'), toNowhere()])
  client.clock.advance(msMax)
  assert.deepEqual(outcomes(await published), ['blocked', 'blocked'])
  client.broker.shortage.set('memory', false)
  assert.deepEqual(client.take(), [])
})

test('what is refused while it waits is told of in its place', async () => {
  client.broker.shortage.set('memory', true)
  const published = publish([messageTo('q', 'a'), toNowhere(), messageTo('q', 'b')])
  client.broker.shortage.set('memory', false)
  client.clock.runUntilIdle()
  assert.deepEqual(outcomes(await published), ['routed', 'error', 'routed'])
  assert.deepEqual(client.take(), ['a', 'b'])
})

test('what came into its queues before publishers were blocked is told apart from what did not', async () => {
  const large = 'x'.repeat(logLimits.inlineBodySizeMax + 1)
  const published = publish([messageTo('q', 'a'), messageTo('q', large), messageTo('q', 'b')])
  client.broker.shortage.set('disk', true)
  client.clock.advance(msMax)
  assert.deepEqual(outcomes(await published), ['routed', 'routed', 'blocked'])
})

test('what waits is dropped when whoever asked goes away', async () => {
  const gone = new AbortController()
  client.broker.shortage.set('memory', true)
  const published = publish([messageTo('q', 'a')], gone.signal)
  gone.abort()
  assert.deepEqual(outcomes(await published), ['blocked'])
  client.broker.shortage.set('memory', false)
  assert.deepEqual(client.take(), [])
})
