import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { Argument, Arguments } from '../record/message/arguments.ts'
import {
  decodeTopologyChanges,
  encodeTopologyChanges,
  type TopologyChange,
  TopologyFormatError,
} from './topology-change.ts'

const integer = fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }))
const { argument } = fc.letrec<{ argument: Argument; arguments: Arguments }>((tie) => ({
  argument: fc
    .oneof(
      { maxDepth: 3 },
      fc.record({ type: fc.constant('longstr' as const), value: fc.string({ unit: 'binary' }) }),
      fc.record({
        type: fc.constantFrom('long', 'byte', 'unsignedint', 'timestamp'),
        value: integer,
      }),
      fc.record({ type: fc.constantFrom('double', 'float'), value: fc.double() }),
      fc.record({ type: fc.constant('bool' as const), value: fc.boolean() }),
      fc.constant<Argument>({ type: 'void', value: null }),
      fc.constant<Argument>({ type: 'decimal', value: { scale: 2, unscaled: 314 } }),
      fc.uint8Array().map((bytes): Argument => ({ type: 'binary', value: Buffer.from(bytes) })),
      fc
        .array(tie('argument'), { maxLength: 3 })
        .map((value): Argument => ({ type: 'array', value })),
      tie('arguments').map((value): Argument => ({ type: 'table', value })),
    )
    .map((argument): Argument => ({ ...argument })),
  arguments: fc
    .array(fc.tuple(fc.string(), tie('argument')), { maxLength: 3 })
    .map((entries) => new Map(entries)),
}))

describe('topology entries', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), argument, (name, value) => {
        const args = new Map([[name, value]])
        const common = { vhost: '/', name, autoDelete: true, arguments: args }
        const changes: TopologyChange[] = [
          { kind: 'vhost', op: 'put', row: { name } },
          { kind: 'exchange', op: 'put', row: { ...common, type: 'topic', internal: false } },
          { kind: 'queue', op: 'put', row: { ...common, type: 'classic', logId: 12, cursorId: 7 } },
          { kind: 'queue', op: 'delete', vhost: '/', name },
          {
            kind: 'binding',
            op: 'delete',
            row: {
              vhost: '/',
              source: 'x',
              destinationKind: 'exchange',
              destination: name,
              routingKey: name,
              arguments: args,
            },
          },
        ]
        assert.deepEqual(decodeTopologyChanges(encodeTopologyChanges(changes)), changes)
      }),
    )
  })

  test('of an unknown format, of an unknown kind or cut short are refused', () => {
    const entry = encodeTopologyChanges([{ kind: 'vhost', op: 'put', row: { name: 'v' } }])
    const refused = [
      Buffer.alloc(0),
      Buffer.from([3, ...entry.subarray(1)]),
      entry.subarray(0, -1),
      Buffer.from('\u0002[{"kind":"policy","op":"put"}]'),
      Buffer.from('\u0002{}'),
      Buffer.from('\u0002[null]'),
      Buffer.from('\u0002[{"kind":"queue","op":"put","row":{"arguments":[["a","what",1]]}}]'),
    ]
    for (const bytes of refused) {
      assert.throws(() => decodeTopologyChanges(bytes), TopologyFormatError, bytes.toString())
    }
  })
})
