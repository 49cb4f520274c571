import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findClosestName } from './closest-name.ts'

const known = ['amqp-port', 'http-port', 'heartbeat', 'host', 'data']

test('findClosestName() sees through swapped letters', () => {
  assert.equal(findClosestName('ampq-port', known), 'amqp-port')
  assert.equal(findClosestName('haertbeat', known), 'heartbeat')
})

test('findClosestName() ignores case and separators', () => {
  assert.equal(findClosestName('amqpPort', known), 'amqp-port')
  assert.equal(findClosestName('HTTP_PORT', known), 'http-port')
})

test('findClosestName() offers nothing for a name that is far from all', () => {
  assert.equal(findClosestName('compression', known), undefined)
  assert.equal(findClosestName('x', []), undefined)
})
