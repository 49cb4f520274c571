import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../../testing/seeded-random.ts'
import { parseObjectAddress } from './object-address.ts'
import { objectKey, writerOf } from './object-key.ts'

test('an address names bucket, prefix, endpoint and region', () => {
  assert.deepEqual(parseObjectAddress('s3://bucket'), {
    bucket: 'bucket',
    prefix: '',
    endpoint: undefined,
    region: undefined,
    isPathStyle: false,
  })
  const text = 's3://my.bucket/a/b/?endpoint=http://127.0.0.1:9000&region=eu-west-1'
  assert.deepEqual(parseObjectAddress(text), {
    bucket: 'my.bucket',
    prefix: 'a/b/',
    endpoint: 'http://127.0.0.1:9000',
    region: 'eu-west-1',
    isPathStyle: true,
  })
  assert.equal(parseObjectAddress(`${text}&path-style=false`).isPathStyle, false)
})

test('what is no address is refused in words', () => {
  const wrong = [
    ['http://bucket', /write s3:\/\/bucket\/prefix/],
    ['s3:///prefix', /no address/],
    ['s3://bucket?endpiont=http://x', /"endpiont"/],
    ['s3://bucket?path-style=yes', /true or false/],
    ['s3://bucket?endpoint=host:9000', /such as http/],
  ] as const
  for (const [text, message] of wrong) {
    assert.throws(() => parseObjectAddress(text), message)
  }
})

test('a key says who may have written it, and is never another one', () => {
  const random = seededRandom(1)
  const key = objectKey({ cell: 3, epoch: 17 }, 'wal-0000000007.log', random)
  assert.match(key, /^c3\/e17\/[0-9a-f]{24}-wal-0000000007\.log$/)
  assert.notEqual(objectKey({ cell: 3, epoch: 17 }, 'wal-0000000007.log', random), key)
  assert.deepEqual(writerOf(key), { cell: 3, epoch: 17 })
  for (const other of ['c3/other', 'x3/e17/a', 'c3/e17/a/b', 'c/e1/a', '']) {
    assert.equal(writerOf(other), undefined)
  }
})
