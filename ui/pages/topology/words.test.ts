import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bindingText } from './words.ts'

test('a binding is said by its key and by the headers that it asks for', () => {
  const text = (key: string, args: Readonly<Record<string, unknown>> = {}): string =>
    bindingText({ routing_key: key, arguments: args, properties_key: '~' })
  assert.equal(text('order.*'), 'order.*')
  assert.equal(text(''), '')
  assert.equal(text('', { 'x-match': 'any', a: 'x', b: 1 }), 'a=x or b=1')
  assert.equal(text('k', { a: null, b: true }), 'k a and b=true')
})

test('options of a subscription of MQTT are no headers', () => {
  const options = { qos: 1, no_local: false, retain_handling: 0 }
  const args = { 'x-mqtt-subscription-opts': options }
  assert.equal(
    bindingText({ routing_key: 'home.#', arguments: args, properties_key: '~' }),
    'home.#',
  )
})
