import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { compressSync } from 'snappy'
import { CodecError, type CodecErrorKind } from '../codec-error.ts'
import { compress, compressionNames, decompress } from './compression.ts'

const codecs = compressionNames.filter((name) => name !== 'none')

function refuses(kind: CodecErrorKind, action: () => void): void {
  assert.throws(action, (error) => error instanceof CodecError && error.kind === kind)
}

test('every codec gives back what it was given', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(300), (piece, times) => {
      const bytes = Buffer.concat(Array.from({ length: times }, () => piece))
      for (const name of compressionNames) {
        assert.ok(decompress(name, compress(name, bytes), bytes.length).equals(bytes), name)
      }
    }),
    { numRuns: 40 },
  )
})

test('ids are those of the attributes of a batch', () => {
  assert.deepEqual(compressionNames, ['none', 'gzip', 'snappy', 'lz4', 'zstd'])
})

test('no more is decompressed than allowed', () => {
  const bomb = Buffer.alloc(20_000_000)
  for (const name of codecs) {
    const compressed = compress(name, bomb)
    assert.ok(compressed.length < 2_000_000, name)
    refuses('frame_error', () => decompress(name, compressed, 1_000_000))
  }
  refuses('frame_error', () => decompress('none', Buffer.alloc(10), 9))
})

test('snappy without the framing of xerial is read too', () => {
  const bytes = Buffer.from('payload '.repeat(100))
  assert.ok(decompress('snappy', compressSync(bytes), 1000).equals(bytes))
  refuses('frame_error', () => decompress('snappy', compressSync(bytes), 799))
})

test('a stream that is cut short is refused', () => {
  const bytes = Buffer.from('payload 1 payload 2 payload 3 '.repeat(20))
  for (const name of codecs) {
    const compressed = compress(name, bytes)
    for (let end = 0; end < compressed.length; end++) {
      try {
        const read = decompress(name, compressed.subarray(0, end), 10_000)
        assert.ok(read.length < bytes.length, `${name} ${end}`)
      } catch (error) {
        assert.ok(error instanceof CodecError, `${name} ${end}: ${String(error)}`)
      }
    }
  }
})

test('random and mutated bytes are refused with a CodecError or decompressed', () => {
  const compressed = codecs.map((name) => compress(name, Buffer.from('payload '.repeat(50))))
  fc.assert(
    fc.property(
      fc.nat(codecs.length - 1),
      fc.uint8Array({ maxLength: 50 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
      (index, random, changes) => {
        const changed = Buffer.from(compressed[index] as Buffer)
        for (const [at, octet] of changes) changed[at % changed.length] = octet
        for (const bytes of [changed, Buffer.from(random)]) {
          try {
            decompress(codecs[index] ?? 'none', bytes, 100_000)
          } catch (error) {
            if (!(error instanceof CodecError)) throw error
          }
        }
      },
    ),
    { numRuns: 500 },
  )
})
