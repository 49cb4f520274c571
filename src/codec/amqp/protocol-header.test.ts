import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeProtocolHeader, parseProtocolHeader } from './protocol-header.ts'

function header(...version: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from('AMQP'), Buffer.from(version)])
}

const header091 = header(0, 0, 9, 1)
const header10Sasl = header(3, 1, 0, 0)

function answerTo(bytes: Buffer): Buffer | 'accepted' {
  const parsed = parseProtocolHeader(Buffer.concat([Buffer.from('xx'), bytes]), 2)
  return parsed.accepted ? 'accepted' : parsed.answer
}

test('0-9-1 is accepted in both spellings', () => {
  assert.equal(answerTo(header091), 'accepted')
  assert.equal(answerTo(header(1, 1, 0, 9)), 'accepted')
  assert.deepEqual(encodeProtocolHeader(), header091)
})

test('other 0-9 versions are answered with 0-9-1', () => {
  assert.deepEqual(answerTo(header(0, 0, 9, 2)), header091)
  assert.deepEqual(answerTo(header(0, 0, 10, 0)), header091)
})

test('AMQP 1.0 is answered with 0-9-1, not with its own header', () => {
  assert.deepEqual(answerTo(header(0, 1, 0, 0)), header091)
  assert.deepEqual(answerTo(header(3, 1, 0, 0)), header091)
})

test('everything else is answered as RabbitMQ does', () => {
  assert.deepEqual(answerTo(header(1, 1, 8, 0)), header10Sasl)
  assert.deepEqual(answerTo(header(0, 0, 8, 0)), header10Sasl)
  assert.deepEqual(answerTo(Buffer.from('GET / HT')), header10Sasl)
  assert.deepEqual(answerTo(Buffer.from([0x16, 3, 1, 0, 200, 1, 0, 0])), header10Sasl)
})
