import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { framesOf, SocketDouble } from '../../test/support/socket-double.ts'
import { CHANNEL_CLOSE_OK, encodeMethod, FRAME_METHOD } from '../codec/amqp/methods.gen.ts'
import { clientLimits } from '../limits/clients.ts'
import { writeMethod } from './amqp/write-method.ts'
import { Output } from './output.ts'

function setUp(): { socket: SocketDouble; output: Output } {
  const socket = new SocketDouble()
  return { socket, output: new Output(socket.asSocket()) }
}

test('what is written between flushes leaves in one write', () => {
  const { socket, output } = setUp()
  for (let channel = 1; channel <= 3; channel++)
    writeMethod(output, channel, { id: CHANNEL_CLOSE_OK })
  assert.equal(socket.writes.length, 0)
  output.flush()
  assert.equal(socket.writes.length, 1)
  const frames = framesOf(socket.take())
  assert.deepEqual(
    frames.map(({ type, channel }) => [type, channel]),
    [1, 2, 3].map((channel) => [FRAME_METHOD, channel]),
  )
  assert.deepEqual(frames[0]?.payload, encodeMethod({ id: CHANNEL_CLOSE_OK }))
})

test('a flush without anything to say writes nothing', () => {
  const { socket, output } = setUp()
  output.flush()
  assert.deepEqual([socket.writes.length, output.isEmpty, output.unsentSize], [0, true, 0])
})

test('unsentSize counts what was not flushed and what the peer has not taken', () => {
  const { socket, output } = setUp()
  output.appendView(Buffer.alloc(100))
  writeMethod(output, 1, { id: CHANNEL_CLOSE_OK })
  const { unsentSize } = output
  assert.equal(unsentSize, 112)
  output.flush()
  assert.deepEqual([output.unsentSize, output.isEmpty], [112, true])
  socket.take()
  assert.equal(output.unsentSize, 0)
})

test('small pieces for a peer that takes nothing take no more memory than their bytes', () => {
  const { socket, output } = setUp()
  const small = Buffer.from('ok')
  for (let turn = 0; turn < 3; turn++) {
    for (let count = 0; count < 1000; count++) output.appendView(small)
    output.flush()
  }
  assert.ok(socket.writes.length <= 10, `${socket.writes.length} writes`)
  assert.equal(socket.take().toString(), 'ok'.repeat(3000))
})

test('bytes leave in the order they were given, and never change once they were handed over', () => {
  const step = fc.oneof(
    { arbitrary: fc.nat(300).map((size) => ({ kind: 'copy' as const, size })), weight: 6 },
    { arbitrary: fc.nat(100_000).map((size) => ({ kind: 'copy' as const, size })), weight: 1 },
    { arbitrary: fc.nat(300).map((size) => ({ kind: 'view' as const, size })), weight: 2 },
    { arbitrary: fc.constant({ kind: 'flush' as const, size: 0 }), weight: 2 },
    { arbitrary: fc.constant({ kind: 'trim' as const, size: 0 }), weight: 1 },
    { arbitrary: fc.constant({ kind: 'take' as const, size: 0 }), weight: 1 },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const { socket, output } = setUp()
      const expected: Buffer[] = []
      const taken: Buffer[] = []
      for (const [index, { kind, size }] of steps.entries()) {
        const bytes = Buffer.alloc(size, index + 1)
        if (kind === 'flush') output.flush()
        else if (kind === 'trim') output.trim()
        else if (kind === 'take') taken.push(socket.take())
        else expected.push(bytes)
        if (kind === 'view') output.appendView(bytes)
        if (kind !== 'copy') continue
        const position = output.reserve(size)
        bytes.copy(output.buffer, position)
        output.advance(position + size)
      }
      output.flush()
      // Read as late as may be: a piece of memory that was written to again would show.
      taken.push(socket.take())
      assert.ok(Buffer.concat(taken).equals(Buffer.concat(expected)))
      assert.equal(socket.corkCount, 0)
    }),
  )
})

test('a busy connection gets larger slabs, up to the limit, and a quiet one gives its slab up', () => {
  const { output } = setUp()
  for (let count = 0; count < 5000; count++) {
    writeMethod(output, 1, { id: CHANNEL_CLOSE_OK })
    if (count % 100 === 0) output.flush()
  }
  assert.ok(output.buffer.length > 1000 && output.buffer.length <= clientLimits.outputSlabSizeMax)
  output.trim()
  assert.ok(output.buffer.length > 0, 'something is still to be sent')
  output.flush()
  output.trim()
  assert.equal(output.buffer.length, 0)
})
