import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SocketDouble } from '../../../test/support/socket-double.ts'
import { largePages } from '../../lib/large-pages.ts'
import { AnswerSlot } from './answer-slot.ts'

const size = 300_000

function isTaken(memory: Buffer): boolean {
  const next = largePages.take(memory.length)
  largePages.letGo(next)
  return next.buffer === memory.buffer
}

test('memory in an answer is let go once all of it has been sent, and not before', () => {
  const memory = largePages.take(size)
  const socket = new SocketDouble()
  const slot = new AnswerSlot()
  slot.letGoOnceSent([memory])
  slot.parts = [Buffer.from('head'), memory, Buffer.from('tail')]
  slot.writeTo(socket.asSocket())
  assert.equal(isTaken(memory), false)
  assert.equal(socket.take().length, size + 8)
  assert.equal(isTaken(memory), true)
})

test('memory in an answer that will not be sent is let go, once', () => {
  const memory = largePages.take(size)
  const slot = new AnswerSlot()
  slot.letGoOnceSent([memory])
  slot.parts = [memory]
  slot.drop()
  slot.drop()
  assert.equal(isTaken(memory), true)
})

test('memory for an answer that turned out to be none is let go', () => {
  const memory = largePages.take(size)
  const slot = new AnswerSlot()
  slot.letGoOnceSent([memory])
  slot.parts = []
  slot.writeTo(new SocketDouble().asSocket())
  assert.equal(isTaken(memory), true)
})
