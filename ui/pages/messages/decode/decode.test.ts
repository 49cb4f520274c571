// Payloads as trees: vectors of the specifications, what is cut off, and what is none of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compressionOf, decodePayload, decompress } from './decode-payload.ts'
import { diffLines, foldSame } from './diff.ts'
import { readCbor } from './read-cbor.ts'
import { readJson } from './read-json.ts'
import { readMsgpack } from './read-msgpack.ts'
import { readProtobuf } from './read-protobuf.ts'
import { DecodeError, lineOf, linesOf } from './tree.ts'

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

test('JSON keeps the digits of numbers, the order of names and doubles', () => {
  const text = '{"2":12345678901234567890,"1":1.10,"a":[true,null,"\\u00e9\\n"],"a":{}}'
  assert.equal(
    lineOf(readJson(text), 1000),
    '{"2":12345678901234567890,"1":1.10,"a":[true,null,"é\\n"],"a":{}}',
  )
  for (const none of ['', '{', '[1,]', '{"a"}', '01', 'tru', '"\n"', '1 2', "'a'"]) {
    assert.throws(() => readJson(none), DecodeError, none)
  }
})

test('JSON is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value, undefined, 1)
      assert.deepEqual(JSON.parse(lineOf(readJson(text), Infinity)), JSON.parse(text))
      assert.deepEqual(JSON.parse(linesOf(readJson(text)).join('\n')), JSON.parse(text))
    }),
  )
})

test('JSON that was cut off is read as far as it goes, wherever that is', () => {
  const text = '{"a": [1, -2.5e3, {"b\\u00e9": "c\\n\\u0041d"}], "e": true, "f": null}'
  for (let end = 1; end < text.length; end++) {
    const tree = readJson(text.slice(0, end), true)
    assert.equal(tree.kind, 'map', text.slice(0, end))
  }
})

test('deep JSON is read, deeper one is refused', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
  assert.equal(lineOf(readJson(nested(100)), 1000), nested(100))
  assert.throws(() => readJson(nested(100_000)), DecodeError)
  assert.equal(
    decodePayload(bytesOf(nested(100_000)), { contentType: '', isCut: false }).format,
    'text',
  )
})

test('MessagePack: each kind of value of its specification', () => {
  const vectors: readonly (readonly [string, string])[] = [
    ['c0', 'null'],
    ['c2', 'false'],
    ['c3', 'true'],
    ['7f', '127'],
    ['e0', '-32'],
    ['cc80', '128'],
    ['cd0100', '256'],
    ['ce00010000', '65536'],
    ['cfffffffffffffffff', '18446744073709551615'],
    ['d0df', '-33'],
    ['d1ff7f', '-129'],
    ['d2ffff7fff', '-32769'],
    ['d38000000000000000', '-9223372036854775808'],
    ['ca3fc00000', '1.5'],
    ['cb3ff199999999999a', '1.1'],
    ['a3616263', '"abc"'],
    ['d903616263', '"abc"'],
    ['da0003616263', '"abc"'],
    ['db00000003616263', '"abc"'],
    ['c403010203', '3 bytes'],
    ['c50003010203', '3 bytes'],
    ['c600000003010203', '3 bytes'],
    ['93010203', '[1,2,3]'],
    ['dc0003010203', '[1,2,3]'],
    ['dd00000003010203', '[1,2,3]'],
    ['82a16101a16202', '{"a":1,"b":2}'],
    ['de0001a16101', '{"a":1}'],
    ['df00000001a16101', '{"a":1}'],
    ['810102', '{"1":2}'],
    ['d6ff00000000', 'timestamp "1970-01-01T00:00:00Z"'],
    ['d7ff0000000400000001', 'timestamp "1970-01-01T00:00:01.000000001Z"'],
    ['c70cff00000000ffffffffffffffff', 'timestamp "1969-12-31T23:59:59Z"'],
    ['d40110', 'extension 1 1 bytes'],
    ['c70201aabb', 'extension 1 2 bytes'],
    ['a2fffe', '2 bytes'],
  ]
  for (const [bytes, line] of vectors)
    assert.equal(lineOf(readMsgpack(hex(bytes)), 1000), line, bytes)
  for (const none of ['', 'c1', '93', '9301', 'cc', 'a3ab', 'dd7fffffff', '0101', 'c7ff']) {
    assert.throws(() => readMsgpack(hex(none)), DecodeError, none)
  }
})

test('CBOR: the examples of RFC 8949, appendix A', () => {
  const vectors: readonly (readonly [string, string])[] = [
    ['00', '0'],
    ['1818', '24'],
    ['1903e8', '1000'],
    ['1a000f4240', '1000000'],
    ['1bffffffffffffffff', '18446744073709551615'],
    ['c249010000000000000000', '18446744073709551616'],
    ['3bffffffffffffffff', '-18446744073709551616'],
    ['c349010000000000000000', '-18446744073709551617'],
    ['20', '-1'],
    ['3903e7', '-1000'],
    ['f90000', '0'],
    ['f98000', '-0'],
    ['f93c00', '1'],
    ['f93e00', '1.5'],
    ['f97bff', '65504'],
    ['f90001', '5.960464477539063e-8'],
    ['f9c400', '-4'],
    ['f97c00', 'Infinity'],
    ['f97e00', 'NaN'],
    ['fa47c35000', '100000'],
    ['fb3ff199999999999a', '1.1'],
    ['f4', 'false'],
    ['f5', 'true'],
    ['f6', 'null'],
    ['f7', 'undefined'],
    ['f0', 'simple(16)'],
    ['f8ff', 'simple(255)'],
    ['c074323031332d30332d32315432303a30343a30305a', 'date "2013-03-21T20:04:00Z"'],
    ['c11a514b67b0', 'time "2013-03-21T20:04:00.000Z"'],
    ['d74401020304', 'tag 23 4 bytes'],
    ['4401020304', '4 bytes'],
    ['62225c', '"\\"\\\\"'],
    ['62c3bc', '"ü"'],
    ['83010203', '[1,2,3]'],
    ['8301820203820405', '[1,[2,3],[4,5]]'],
    ['a201020304', '{"1":2,"3":4}'],
    ['a26161016162820203', '{"a":1,"b":[2,3]}'],
    ['5f42010243030405ff', '5 bytes'],
    ['7f657374726561646d696e67ff', '"streaming"'],
    ['9fff', '[]'],
    ['9f018202039f0405ffff', '[1,[2,3],[4,5]]'],
    ['bf61610161629f0203ffff', '{"a":1,"b":[2,3]}'],
  ]
  for (const [bytes, line] of vectors) assert.equal(lineOf(readCbor(hex(bytes)), 1000), line, bytes)
  for (const none of [
    '',
    '18',
    '1c',
    '81',
    'ff',
    'a1',
    '5f01ff',
    '9b7fffffffffffffff',
    '0000',
    'bf00ff',
  ]) {
    assert.throws(() => readCbor(hex(none)), DecodeError, none)
  }
})

test('Protobuf without its schema: fields by number', () => {
  assert.equal(lineOf(readProtobuf(hex('089601')), 100), '{"1":150}')
  assert.equal(lineOf(readProtobuf(hex('120774657374696e67')), 100), '{"2":"testing"}')
  assert.equal(lineOf(readProtobuf(hex('1a03089601')), 100), '{"3":{"1":150}}')
  assert.throws(() => readProtobuf(hex('0b')), DecodeError)
  assert.throws(() => readProtobuf(hex('1a05')), DecodeError)
})

test('no bytes whatever make a decoder throw anything but that they are none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, isCut) => {
      for (const read of [readCbor, readMsgpack, readProtobuf]) {
        try {
          lineOf(read(bytes), 1000)
        } catch (error) {
          assert.ok(error instanceof DecodeError, String(error))
        }
      }
      decodePayload(bytes, { contentType: '', isCut })
      decodePayload(bytes, { contentType: 'application/cbor', isCut })
    }),
    { numRuns: 2000 },
  )
})

test('what a payload is', () => {
  const format = (bytes: Uint8Array, contentType = ''): string => {
    const { format: found, schemaId } = decodePayload(bytes, { contentType, isCut: false })
    return schemaId === undefined ? found : `${found} of schema ${schemaId}`
  }
  assert.equal(format(hex('')), 'empty')
  assert.equal(format(bytesOf('{"a":1}')), 'JSON')
  assert.equal(format(bytesOf('hello')), 'text')
  assert.equal(format(bytesOf('17')), 'text')
  assert.equal(format(bytesOf('17'), 'application/json'), 'JSON')
  assert.equal(format(hex('82a16101a16202')), 'MessagePack')
  assert.equal(format(hex('a26161016162820203'), 'application/cbor'), 'CBOR')
  assert.equal(format(hex('fffe0001')), 'binary')
  assert.equal(
    format(hex(`000000002a${Buffer.from('{"a":1}').toString('hex')}`)),
    'JSON of schema 42',
  )
  assert.equal(format(hex('000000002a00089601')), 'Protobuf of schema 42')
  assert.equal(format(hex('000000002a06ffff')), 'binary of schema 42')
})

test('what is compressed is recognised, and made what it was', async () => {
  const text = 'a'.repeat(10_000)
  const packed = new Uint8Array(
    await new Response(
      new Blob([text]).stream().pipeThrough(new CompressionStream('gzip')),
    ).arrayBuffer(),
  )
  assert.equal(compressionOf(packed, ''), 'gzip')
  assert.equal(compressionOf(bytesOf('x'), 'ZSTD'), 'zstd')
  assert.equal(compressionOf(bytesOf('x'), 'utf-8'), undefined)
  const whole = await decompress(packed, 'gzip', 1_000_000)
  assert.deepEqual([whole!.bytes.length, whole!.isCut], [10_000, false])
  assert.equal((await decompress(packed, 'gzip', 100))!.isCut, true)
  assert.equal(await decompress(bytesOf('none'), 'gzip', 100), undefined)
})

test('a difference is the shortest, and what is the same is folded', () => {
  const lines = diffLines(['a', 'b', 'c', 'd'], ['a', 'x', 'c', 'd', 'e'])
  assert.equal(
    lines.map(({ kind, text }) => `${{ same: ' ', gone: '-', new: '+' }[kind]}${text}`).join(''),
    ' a-b+x c d+e',
  )
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'b', 'c')),
      fc.array(fc.constantFrom('a', 'b', 'c')),
      (before, after) => {
        const diff = diffLines(before, after)
        assert.deepEqual(
          diff.filter(({ kind }) => kind !== 'new').map(({ text }) => text),
          before,
        )
        assert.deepEqual(
          diff.filter(({ kind }) => kind !== 'gone').map(({ text }) => text),
          after,
        )
        const count = foldSame(diff).reduce(
          (sum, line) => sum + (line.kind === 'fold' ? line.count : 1),
          0,
        )
        assert.equal(count, diff.length)
      },
    ),
  )
})
