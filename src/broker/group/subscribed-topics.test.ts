import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { readMessageVectors } from '../../../test/support/kafka-vectors.ts'
import { subscribedTopics } from './subscribed-topics.ts'

/** What the Java client wrote, with the version that goes before it. */
const subscriptions = readMessageVectors()
  .filter(({ message }) => message === 'ConsumerProtocolSubscription')
  .map(({ version, value, hex }) => {
    const versionBytes = Buffer.alloc(2)
    versionBytes.writeInt16BE(version)
    const { topics } = value as { topics: string[] }
    return { topics, metadata: Buffer.concat([versionBytes, Buffer.from(hex, 'hex')]) }
  })

test('what the Java client subscribes to is read in every version', () => {
  assert.equal(subscriptions.length, 4)
  for (const { topics, metadata } of subscriptions) {
    assert.deepEqual(subscribedTopics(metadata), topics)
  }
})

test('a subscription of a newer version is read as far as it is known', () => {
  const metadata = Buffer.from('0009 00000001 0001 61 ffffffff 0102'.replaceAll(' ', ''), 'hex')
  assert.deepEqual(subscribedTopics(metadata), ['a'])
})

test('a subscription that is cut before its end of user data is none', () => {
  const metadata = Buffer.from('0000 00000001 0001 61 00000002 0102'.replaceAll(' ', ''), 'hex')
  assert.deepEqual(subscribedTopics(metadata), ['a'])
  for (let size = 0; size < metadata.length; size++) {
    assert.equal(subscribedTopics(metadata.subarray(0, size)), undefined, `${size} bytes`)
  }
})

test('no bytes are too strange to be refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const topics = subscribedTopics(Buffer.from(bytes)) ?? []
      assert.ok(topics.length <= bytes.length)
    }),
  )
})
