import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import * as arbitrary from '../../../test/support/amqp-arbitrary.ts'
import { readVectors, reviveFields } from '../../../test/support/amqp-vector.ts'
import { CodecError } from '../../record/codec-error.ts'
import { emptyTable, FieldTable } from '../../record/message/field-table.ts'
import { FrameReader } from './frame.ts'
import * as methods from './methods.gen.ts'
import type { AmqpMethod } from './methods.gen.ts'

/** The channel of all method vectors. */
const channel = 258

const idsByName = new Map([...methods.methodNames].map(([id, name]) => [name, id]))

/** Puts the payload between other bytes, so that reading outside of it shows. */
function decodeEmbedded(payload: Buffer): AmqpMethod {
  const buffer = Buffer.alloc(payload.length + 32, 0xff)
  payload.copy(buffer, 16)
  return methods.decodeMethod(buffer, 16, 16 + payload.length)
}

function isRefused(kind: CodecError['kind']): (error: unknown) => boolean {
  return (error) => error instanceof CodecError && error.kind === kind
}

const vectors = readVectors('methods.json').map(({ name, hex, value }) => ({
  name,
  bytes: Buffer.from(hex, 'hex'),
  method: { id: idsByName.get(name), ...reviveFields(value) } as AmqpMethod,
}))

for (const { name, bytes, method } of vectors) {
  test(`${name} is decoded and encoded as other clients do`, () => {
    const reader = new FrameReader()
    reader.push(bytes)
    assert.ok(reader.next())
    assert.equal(reader.type, methods.FRAME_METHOD)
    assert.equal(reader.channel, channel)
    assert.deepEqual(methods.decodeMethod(reader.buffer, reader.start, reader.end), method)

    assert.deepEqual(methods.encodeMethod(method), bytes.subarray(7, -1))
    const room = Buffer.alloc(methods.methodFrameSizeMax(method) + 3)
    const end = methods.writeMethodFrame(room, 3, channel, method)
    assert.deepEqual(room.subarray(3, end), bytes)
  })
}

test('there is a vector for every method', () => {
  assert.deepEqual(vectors.map(({ name }) => name).sort(), [...idsByName.keys()].sort())
})

test('ids are class and method id together', () => {
  assert.equal(methods.BASIC_PUBLISH, 0x003c0028)
  assert.equal(methods.EXCHANGE_UNBIND_OK, (40 << 16) | 51)
  assert.equal(methods.QUEUE_UNBIND_OK, (50 << 16) | 51)
  assert.equal(methods.CONNECTION_UPDATE_SECRET, (10 << 16) | 70)
  assert.equal(methods.methodNames.get(methods.BASIC_NACK), 'basic.nack')
})

test('exactly the four content methods have content', () => {
  const withContent = [...methods.methodNames].filter(([id]) => methods.hasContent(id))
  assert.deepEqual(
    withContent.map(([, name]) => name),
    ['basic.publish', 'basic.return', 'basic.deliver', 'basic.get-ok'],
  )
})

test('reply codes know what they close', () => {
  const { not_found, frame_error, no_route, reply_success } = methods.replyCodes
  assert.deepEqual(not_found, { name: 'NOT_FOUND', code: 404, severity: 'soft' })
  assert.deepEqual(frame_error, { name: 'FRAME_ERROR', code: 501, severity: 'hard' })
  assert.deepEqual(no_route, { name: 'NO_ROUTE', code: 312, severity: 'soft' })
  assert.equal(reply_success.code, 200)
  assert.equal(Object.keys(methods.replyCodes).length, 19)
})

test('an unknown method is refused with 503', () => {
  for (const hex of ['003c0029', '00010001', 'ffffffff', '000a0000']) {
    assert.throws(() => decodeEmbedded(Buffer.from(hex, 'hex')), isRefused('command_invalid'))
  }
})

test('arguments that are cut off or too many are refused with 501', () => {
  for (const { name, method } of vectors) {
    const payload = methods.encodeMethod(method)
    for (let size = 0; size < payload.length; size++) {
      assert.throws(() => decodeEmbedded(payload.subarray(0, size)), isRefused('frame_error'), name)
    }
    const longer = Buffer.concat([payload, Buffer.alloc(1)])
    assert.throws(() => decodeEmbedded(longer), isRefused('frame_error'), name)
  }
})

test('names that are not UTF-8 are refused with 501', () => {
  const payload = methods.encodeMethod({
    id: methods.QUEUE_PURGE,
    queue: 'qq',
    noWait: false,
  })
  payload.set([0xc3, 0x28], 7)
  assert.throws(() => decodeEmbedded(payload), isRefused('frame_error'))
})

test('a malformed table is refused with 502', () => {
  const payload = methods.encodeMethod({
    id: methods.CONNECTION_START_OK,
    clientProperties: new FieldTable([{ name: 'k', value: { type: 'void', value: null } }]),
    mechanism: 'PLAIN',
    response: Buffer.alloc(0),
    locale: 'en_US',
  })
  payload[10] = 0x51
  assert.throws(() => decodeEmbedded(payload), isRefused('syntax_error'))
})

test('a reserved field may hold anything', () => {
  const payload = methods.encodeMethod({ id: methods.BASIC_GET, queue: 'q', noAck: true })
  payload.writeUInt16BE(101, 4)
  assert.deepEqual(decodeEmbedded(payload), { id: methods.BASIC_GET, queue: 'q', noAck: true })
})

test('a delivery tag above 2^53 equals no real one', () => {
  const payload = methods.encodeMethod({ id: methods.BASIC_ACK, deliveryTag: 1, multiple: false })
  payload.fill(0xff, 4, 12)
  const decoded = decodeEmbedded(payload)
  assert.ok(decoded.id === methods.BASIC_ACK && decoded.deliveryTag > Number.MAX_SAFE_INTEGER)
})

test('values that do not fit their field are errors of the program', () => {
  const close = { id: methods.CHANNEL_CLOSE, classId: 0, methodId: 0 } as const
  const wrong: readonly AmqpMethod[] = [
    { ...close, replyCode: 70_000, replyText: '' },
    { ...close, replyCode: 404, replyText: 'x'.repeat(256) },
    { id: methods.BASIC_ACK, deliveryTag: 2 ** 53, multiple: false },
    { id: methods.BASIC_ACK, deliveryTag: -1, multiple: false },
  ]
  for (const method of wrong) {
    assert.throws(() => methods.encodeMethod(method), RangeError)
  }
})

test('a frame that does not fit its target is an error of the program', () => {
  const declare: AmqpMethod = {
    id: methods.EXCHANGE_BIND,
    destination: 'destination',
    source: 'source',
    routingKey: 'key',
    noWait: false,
    arguments: emptyTable,
  }
  const whole = methods.writeMethodFrame(Buffer.alloc(2000), 0, 1, declare)
  for (let size = 0; size < whole; size++) {
    assert.throws(() => methods.writeMethodFrame(Buffer.alloc(size), 0, 1, declare), RangeError)
  }
})

test('random and mutated payloads are decoded or refused with a CodecError', () => {
  const mutated = fc
    .tuple(fc.nat(), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }))
    .map(([index, changes]) => {
      const vector = vectors[index % vectors.length]
      assert.ok(vector)
      const payload = Buffer.from(vector.bytes.subarray(7, -1))
      for (const [position, octet] of changes) {
        payload[position % payload.length] = octet
      }
      return payload
    })
  fc.assert(
    fc.property(fc.oneof(mutated, arbitrary.bytes), (payload) => {
      try {
        const decoded = decodeEmbedded(payload)
        assert.ok(methods.methodNames.has(decoded.id))
      } catch (error) {
        assert.ok(error instanceof CodecError, String(error))
      }
    }),
    { numRuns: 3000 },
  )
})
