import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SocketDouble } from '../../../test/support/socket-double.ts'
import { pagePool } from '../../lib/page-pool.ts'
import { AnswerSlot } from './answer-slot.ts'

const size = 300_000

function isTaken(memory: Buffer): boolean {
  const next = pagePool.take(memory.length)
  pagePool.release(next)
  return next.buffer === memory.buffer
}

test('memory in an answer is released once all of it has been sent, and not before', () => {
  const memory = pagePool.take(size)
  const socket = new SocketDouble()
  const slot = new AnswerSlot()
  slot.releaseOnceSent([{ release: () => pagePool.release(memory) }])
  slot.parts = [Buffer.from('head'), memory, Buffer.from('tail')]
  slot.writeTo(socket.asSocket())
  assert.equal(isTaken(memory), false)
  assert.equal(socket.take().length, size + 8)
  assert.equal(isTaken(memory), true)
})

test('memory in an answer that will not be sent is released, once', () => {
  const memory = pagePool.take(size)
  const slot = new AnswerSlot()
  slot.releaseOnceSent([{ release: () => pagePool.release(memory) }])
  slot.parts = [memory]
  slot.drop()
  slot.drop()
  assert.equal(isTaken(memory), true)
})

test('memory for an answer that turned out to be none is released', () => {
  const memory = pagePool.take(size)
  const slot = new AnswerSlot()
  slot.releaseOnceSent([{ release: () => pagePool.release(memory) }])
  slot.parts = []
  slot.writeTo(new SocketDouble().asSocket())
  assert.equal(isTaken(memory), true)
})
