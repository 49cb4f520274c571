import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import * as arbitrary from '../../test/support/amqp-arbitrary.ts'
import { emptyTable } from '../record/message/field-table.ts'
import {
  decodeTopologyChanges,
  encodeTopologyChanges,
  type TopologyChange,
} from './topology-change.ts'
import { TopologyFormatError } from './topology-error.ts'

function accessChanges(name: string): TopologyChange[] {
  const place = { user: name, vhost: '/' }
  const limits = { 'max-connections': 3 }
  const hashed = {
    passwordHash: 'AAAA',
    hashingAlgorithm: 'rabbit_password_hashing_sha512',
  } as const
  return [
    { kind: 'vhost', op: 'put', row: { name, metadata: { description: name, limits } } },
    { kind: 'user', op: 'put', row: { name, tags: [name], limits, ...hashed } },
    { kind: 'user', op: 'delete', name },
    { kind: 'permission', op: 'put', row: { ...place, configure: name, write: '', read: '.*' } },
    { kind: 'permission', op: 'delete', ...place },
    {
      kind: 'topic-permission',
      op: 'put',
      row: { ...place, exchange: name, write: '^{username}', read: name },
    },
    { kind: 'topic-permission', op: 'delete', ...place, exchange: name },
  ]
}

function aclChange(op: 'put' | 'delete', name: string): TopologyChange {
  return {
    kind: 'acl',
    op,
    row: {
      resourceType: 'topic',
      name,
      patternType: 'prefixed',
      principal: `User:${name}`,
      host: '*',
      operation: 'read',
      permission: 'deny',
    },
  }
}

describe('topology entries', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), arbitrary.fieldTable, (name, args) => {
        const common = { vhost: '/', name, autoDelete: true, arguments: args }
        const changes: TopologyChange[] = [
          { kind: 'vhost', op: 'put', row: { name } },
          { kind: 'exchange', op: 'put', row: { ...common, type: 'topic', internal: false } },
          { kind: 'queue', op: 'put', row: { ...common, type: 'classic', logId: 12, cursorId: 7 } },
          { kind: 'queue', op: 'delete', vhost: '/', name },
          {
            kind: 'delay',
            op: 'put',
            row: { vhost: '/', exchange: name, bucketClass: 2, logId: 12, cursorId: 7 },
          },
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
          {
            kind: 'policy',
            op: 'put',
            row: {
              vhost: '/',
              name,
              isOperator: true,
              pattern: name,
              applyTo: 'quorum_queues',
              priority: -1.5,
              definition: { 'max-length': 7, overflow: name },
            },
          },
          { kind: 'policy', op: 'delete', vhost: '/', name, isOperator: false },
          ...accessChanges(name),
          aclChange('put', name),
          aclChange('delete', name),
        ]
        assert.deepEqual(decodeTopologyChanges(encodeTopologyChanges(changes)), changes)
      }),
    )
  })

  test('of a queue with several logs, a source or a retention, cannot be read by a broker that would take it for another', () => {
    const row = {
      vhost: '/',
      name: 'q',
      type: 'classic',
      logId: 1,
      cursorId: 2,
      autoDelete: false,
      arguments: emptyTable,
    }
    const levels = [{ priority: 9, logId: 3, cursorId: 4 }]
    const source = { topic: 't', cursorIds: [5, 6] }
    const sourced: TopologyChange = { kind: 'queue', op: 'put', row: { ...row, source } }
    const one: TopologyChange = { kind: 'queue', op: 'put', row }
    const retention = { cursorIds: [5], rewoundAt: 6 }
    const retained: TopologyChange = { kind: 'queue', op: 'put', row: { ...row, retention } }
    const several: TopologyChange = { kind: 'queue', op: 'put', row: { ...row, levels } }
    for (const [changes, format] of [
      [[one], 2],
      [[one, several], 3],
      [[sourced, several], 5],
      [[one, several, retained], 6],
    ] as const) {
      const entry = encodeTopologyChanges(changes)
      assert.equal(entry[0], format)
      assert.deepEqual(decodeTopologyChanges(entry), changes)
    }
  })

  test('of who may do what cannot be read by a broker that would lose it', () => {
    for (const change of accessChanges('n')) assert.equal(encodeTopologyChanges([change])[0], 4)
    assert.equal(encodeTopologyChanges([aclChange('delete', 'n')])[0], 7)
  })

  test('of an unknown format, of an unknown kind or cut short are refused', () => {
    const entry = encodeTopologyChanges([{ kind: 'vhost', op: 'put', row: { name: 'v' } }])
    const refused = [
      Buffer.alloc(0),
      Buffer.from([1, ...entry.subarray(1)]),
      Buffer.from([8, ...entry.subarray(1)]),
      entry.subarray(0, -1),
      Buffer.from('\u0002[{"kind":"planet","op":"put"}]'),
      Buffer.from('\u0002{}'),
      Buffer.from('\u0002[null]'),
      Buffer.from('\u0002[{"kind":"queue","op":"put","row":{"arguments":[["a","what",1]]}}]'),
    ]
    for (const bytes of refused) {
      assert.throws(() => decodeTopologyChanges(bytes), TopologyFormatError, bytes.toString())
    }
  })
})
