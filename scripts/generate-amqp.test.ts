// The committed methods.gen.ts is what the specification gives, and all of it round-trips.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  decodeMethod,
  encodeMethod,
  methodFrameSizeMax,
  methodNames,
  writeMethodFrame,
  type AmqpMethod,
} from '../src/codec/amqp/methods.gen.ts'
import * as arbitrary from '../test/support/amqp-arbitrary.ts'
import { readSpecification, type Method, type WireType } from './amqp/read-specification.ts'
import { renderMethods } from './amqp/render-methods.ts'

const specification = readSpecification()

const byType: Readonly<Record<WireType, fc.Arbitrary<unknown>>> = {
  bit: fc.boolean(),
  octet: fc.nat(255),
  short: fc.nat(0xffff),
  long: fc.integer({ min: 0, max: 0xffff_ffff }),
  longlong: fc.maxSafeNat(),
  shortstr: arbitrary.shortText,
  longstr: arbitrary.bytes,
  timestamp: arbitrary.timestamp,
  table: arbitrary.fieldTable,
}

function arbitraryOf(method: Method): fc.Arbitrary<AmqpMethod> {
  const fields = method.fields
    .filter((field) => !field.isReserved)
    .map(({ name, type }) => [camel(name), byType[type]] as const)
  return fc
    .record(Object.fromEntries(fields), { noNullPrototype: true })
    .map((values) => ({ id: method.id, ...values }) as unknown as AmqpMethod)
}

function camel(name: string): string {
  return name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}

test('the committed file is what the generator writes', () => {
  const committed = readFileSync(
    new URL('../src/codec/amqp/methods.gen.ts', import.meta.url),
    'utf8',
  )
  assert.ok(committed === renderMethods(specification), 'run node scripts/generate-amqp.ts')
})

test('the specification has the methods RabbitMQ has', () => {
  assert.equal(specification.methods.length, 66)
  assert.equal(methodNames.size, 66)
  assert.equal(specification.properties.length, 14)
})

test('every method survives a round trip within its size bound', () => {
  for (const method of specification.methods) {
    fc.assert(
      fc.property(arbitraryOf(method), (original) => {
        const payload = encodeMethod(original)
        assert.deepEqual(decodeMethod(payload, 0, payload.length), original)

        const room = Buffer.alloc(methodFrameSizeMax(original))
        const end = writeMethodFrame(room, 0, 1, original)
        assert.deepEqual(room.subarray(7, end - 1), payload)
      }),
      { numRuns: 30 },
    )
  }
})
