// What happened to a message, from the events of a trace.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TraceEventJson } from '../../../src/admin/v1/trace-json.ts'
import { storiesOf } from './story.ts'

type Given = Partial<TraceEventJson> & Pick<TraceEventJson, 'event' | 'at'>

function events(...given: readonly Given[]): TraceEventJson[] {
  return given.map((each, index) => ({ message: 1, sequence: index + 1, ...each }))
}

const inNew = { stream: 'new', offset: 16 }
const inDead = { stream: 'dead', offset: 3 }

test('each step says how long it waited since the last one in its place', () => {
  const [story] = storiesOf(
    events(
      { event: 'published', at: 1000, exchange: 'orders', routing_key: 'a', message_id: 'order-7' },
      { event: 'routed', at: 1000, ...inNew },
      { event: 'routed', at: 1001, stream: 'audit', offset: 2 },
      { event: 'durable', at: 1004 },
      { event: 'delivered', at: 1600, ...inNew, user: 'shop', protocol: 'AMQP 0-9-1' },
      { event: 'rejected', at: 1700, ...inNew },
      { event: 'died', at: 1700, ...inNew, reason: 'rejected' },
      { event: 'dead_lettered', at: 1701, ...inNew, exchange: 'dlx', routing_key: 'd' },
      { event: 'routed', at: 1702, ...inDead },
    ),
  )
  assert.equal(story?.id, 'order-7')
  assert.deepEqual(
    story.steps.map(({ text, wait }) => [text, wait?.ms, wait?.text]),
    [
      ['published to orders with key a', undefined, undefined],
      ['came to', 0, 'later'],
      ['came to', 1, 'later'],
      ['is on disk', 4, 'until it was on disk'],
      ['delivered to shop', 600, 'waited there'],
      ['rejected', 100, 'with its reader'],
      ['died: rejected', 0, 'later'],
      ['sent on as a dead letter to dlx with key d', 1, 'later'],
      ['came to', 1, 'later'],
    ],
  )
  assert.deepEqual(story.outcome, { text: 'in audit and dead', tone: 'plain' })
})

test('what became of a message is said in a word', () => {
  const published: Given = { event: 'published', at: 1, exchange: 'x', routing_key: '' }
  const routed: Given = { event: 'routed', at: 1, ...inNew }
  const outcomeOf = (...given: readonly Given[]): string | undefined =>
    storiesOf(events(published, ...given))[0]?.outcome.text
  assert.equal(outcomeOf({ event: 'unroutable', at: 1 }), 'found no queue')
  assert.equal(outcomeOf(routed), 'in new')
  const delivered: Given = { event: 'delivered', at: 2, ...inNew }
  assert.equal(outcomeOf(routed, delivered), 'with a reader of new')
  assert.equal(outcomeOf(routed, { ...delivered, no_ack: true }), 'acked')
  assert.equal(outcomeOf(routed, delivered, { event: 'acked', at: 3, ...inNew }), 'acked')
  const gone: readonly Given[] = [{ event: 'died', at: 3, ...inNew, reason: 'expired' }]
  assert.equal(outcomeOf(routed, ...gone, { event: 'dropped', at: 3, ...inNew }), 'gone')
  assert.equal(outcomeOf({ event: 'refused', at: 1, stream: 'new' }), 'refused: the queue is full')
})

test('what a batch of Kafka tells late stands where it belongs', () => {
  const [story] = storiesOf(
    events(
      { event: 'fetched', at: 5, ...inNew, client_id: 'app', protocol: 'Kafka' },
      { event: 'published', at: 1, exchange: '', routing_key: 'new' },
    ),
  )
  assert.deepEqual(
    story?.steps.map(({ text }) => text),
    ['published to the default exchange with key new', 'fetched by app'],
  )
})
