import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assignedPartitions } from './assigned-partitions.ts'

function encode(topics: Readonly<Record<string, readonly number[]>>): Buffer {
  const parts: Buffer[] = [Buffer.from([0, 1]), int32(Object.keys(topics).length)]
  for (const [topic, partitions] of Object.entries(topics)) {
    parts.push(Buffer.from([0, topic.length]), Buffer.from(topic), int32(partitions.length))
    parts.push(...partitions.map(int32))
  }
  return Buffer.concat([...parts, int32(-1)])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

test('an assignment names the partitions of each topic', () => {
  assert.deepEqual(assignedPartitions(encode({ a: [0, 2], bc: [7] })), [
    { topic: 'a', partition: 0 },
    { topic: 'a', partition: 2 },
    { topic: 'bc', partition: 7 },
  ])
  assert.deepEqual(assignedPartitions(encode({})), [])
  assert.deepEqual(assignedPartitions(Buffer.alloc(0)), [], 'nobody was given anything yet')
})

test('bytes of another kind are none, wherever they end', () => {
  const whole = encode({ orders: [1, 2] })
  for (let size = 1; size < whole.length - 4; size++) {
    assert.equal(assignedPartitions(whole.subarray(0, size)), undefined, `${size} bytes`)
  }
  assert.equal(assignedPartitions(Buffer.from('0001ffffffff', 'hex')), undefined)
  assert.equal(assignedPartitions(Buffer.from('ffff00000000', 'hex')), undefined)
})
