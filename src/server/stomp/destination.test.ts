import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { addressOf, formatDestination, parseDestination } from './destination.ts'
import { StompError } from './stomp-error.ts'

test('what messages come from is where they were sent', () => {
  const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(
      fc.oneof(fc.constant(''), fc.constant('amq.topic'), name),
      name,
      fc.constantFrom('amq.topic', 'events'),
      (exchange, routingKey, topicExchange) => {
        const text = formatDestination({ exchange, routingKey }, topicExchange)
        assert.match(text, /^[\x20-\x7e]*$/)
        const read = addressOf(parseDestination(text), topicExchange)
        assert.deepEqual(read, { exchange, routingKey })
      },
    ),
  )
})

test('an exchange without a key', () => {
  assert.equal(
    formatDestination({ exchange: 'amq.fanout', routingKey: '' }, 'amq.topic'),
    '/exchange/amq.fanout',
  )
})

test('no text is more than refused', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.constantFrom('', '/queue/', '/exchange/', '/amq/'),
      (text, start) => {
        try {
          parseDestination(start + text)
        } catch (error) {
          assert.ok(error instanceof StompError)
        }
      },
    ),
  )
})
