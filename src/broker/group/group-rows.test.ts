import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { GroupFormatError } from './group-format-error.ts'
import {
  decodeRow,
  encodeGroup,
  encodeGroupKey,
  encodeOffset,
  encodeOffsetKey,
  type StoredGroup,
} from './group-rows.ts'

const text = fc.string({ unit: 'grapheme' })
const optionalText = fc.option(text, { nil: undefined })
const bytes = fc.uint8Array().map((array) => Buffer.from(array))
const int32 = fc.integer({ min: -1, max: 2 ** 31 - 1 })

const group: fc.Arbitrary<StoredGroup> = fc.record({
  generation: int32,
  protocolType: optionalText,
  protocolName: optionalText,
  leaderId: optionalText,
  stateSinceMs: fc.maxSafeNat(),
  members: fc.array(
    fc.record({
      memberId: text,
      instanceId: optionalText,
      clientId: text,
      clientHost: text,
      rebalanceTimeoutMs: int32,
      sessionTimeoutMs: int32,
      protocols: fc.array(fc.record({ name: text, metadata: bytes }), { maxLength: 3 }),
      assignment: bytes,
    }),
    { maxLength: 4 },
  ),
})

const committed = fc.record({
  // Clients may commit any 64-bit number; beyond the safe integers it comes rounded.
  offset: fc.oneof(
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }).map(Number),
  ),
  leaderEpoch: int32,
  metadata: text,
  committedMs: fc.maxSafeNat(),
  expiresMs: fc.option(fc.oneof(fc.maxSafeNat(), fc.constant(2 ** 63)), { nil: undefined }),
})

const place = fc.record({ topic: text, partition: fc.nat(2 ** 31 - 1) })

describe('rows of groups and offsets', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(text, group, (groupId, stored) => {
        const row = { key: encodeGroupKey(groupId), value: encodeGroup(stored) }
        // A fast-check record has no prototype; the values count.
        assert.deepEqual(decodeRow(row), { kind: 'group', groupId, group: structured(stored) })
      }),
    )
    fc.assert(
      fc.property(text, place, committed, (groupId, where, offset) => {
        const row = { key: encodeOffsetKey(groupId, where), value: encodeOffset(offset) }
        const expected = { kind: 'offset', groupId, place: { ...where }, committed: { ...offset } }
        assert.deepEqual(decodeRow(row), expected)
      }),
    )
  })

  test('have keys of their own', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, place)), (all) => {
        const keys = all.map(([groupId, where]) => encodeOffsetKey(groupId, where).toString('hex'))
        const names = all.map(([id, { topic, partition }]) =>
          JSON.stringify([id, topic, partition]),
        )
        assert.equal(new Set(keys).size, new Set(names).size)
      }),
    )
  })

  test('that are damaged are refused, never misread beyond their end', () => {
    fc.assert(
      fc.property(group, fc.nat(), fc.nat(255), (stored, position, value) => {
        const whole = encodeGroup(stored)
        const cut = whole.subarray(0, position % whole.length)
        assert.throws(() => decodeRow({ key: encodeGroupKey('g'), value: cut }), GroupFormatError)
        whole[position % whole.length] = value
        decodeOrRefuse(encodeGroupKey('g'), whole)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (key, value) =>
        decodeOrRefuse(Buffer.from(key), Buffer.from(value)),
      ),
    )
  })

  test('of a newer format are refused with a text that says so', () => {
    const value = encodeOffset({
      offset: 1,
      leaderEpoch: -1,
      metadata: '',
      committedMs: 0,
      expiresMs: undefined,
    })
    value[0] = 2
    const key = encodeOffsetKey('g', { topic: 't', partition: 0 })
    assert.throws(
      () => decodeRow({ key, value }),
      /offset is stored in format 2, which this version/,
    )
  })

  test('with bytes after their end are refused', () => {
    const row = { key: encodeGroupKey('g'), value: Buffer.concat([sample(), Buffer.alloc(1)]) }
    assert.throws(() => decodeRow(row), /1 bytes too many/)
  })

  test('look as they always have', () => {
    const hex = (buffer: Buffer): string => buffer.toString('hex')
    assert.equal(hex(encodeGroupKey('g')), '010000000167')
    assert.equal(
      hex(encodeOffsetKey('g', { topic: 't', partition: 2 })),
      '020000000167000000017400000002',
    )
    assert.equal(
      hex(sample()),
      '01' +
        '00000005' +
        '00000001' +
        '63' +
        'ffffffff' +
        'ffffffff' +
        '408f400000000000' +
        '00000000',
    )
    const offset = {
      offset: 3,
      leaderEpoch: -1,
      metadata: 'm',
      committedMs: 1000,
      expiresMs: undefined,
    }
    assert.equal(
      hex(encodeOffset(offset)),
      '01' +
        '4008000000000000' +
        'ffffffff' +
        '000000016d' +
        '408f400000000000' +
        'bff0000000000000',
    )
  })
})

function sample(): Buffer {
  return encodeGroup({
    generation: 5,
    protocolType: 'c',
    protocolName: undefined,
    leaderId: undefined,
    stateSinceMs: 1000,
    members: [],
  })
}

function decodeOrRefuse(key: Buffer, value: Buffer): void {
  try {
    decodeRow({ key, value })
  } catch (error) {
    if (!(error instanceof GroupFormatError)) throw error
  }
}

function structured(stored: StoredGroup): StoredGroup {
  const members = stored.members.map((member) => ({
    ...member,
    protocols: member.protocols.map((protocol) => ({ ...protocol })),
  }))
  return { ...stored, members }
}
