import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readMurmurVectors } from '../../../test/support/kafka-vectors.ts'
import { murmur2, partitionOfKey } from './murmur2.ts'

test('hash and partition are those of the Java client', () => {
  for (const { key, hash, of7 } of readMurmurVectors()) {
    assert.equal(murmur2(Buffer.from(key, 'hex')), hash, key)
    assert.equal(partitionOfKey(Buffer.from(key, 'hex'), 7), of7, key)
  }
})
