import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ProxyEnds, ProxyHeaderError, readProxyHeader } from './proxy-header.ts'

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

function binary(command: number, family: number, rest: Buffer): Buffer {
  const start = Buffer.concat([signature, Buffer.of(command, family, 0, 0)])
  start.writeUInt16BE(rest.length, 14)
  return Buffer.concat([start, rest])
}

const ends: ProxyEnds = {
  peer: { host: '192.0.2.1', port: 56_324 },
  local: { host: '198.51.100.7', port: 443 },
}
const ends6: ProxyEnds = {
  peer: { host: '2001:db8::1', port: 1 },
  local: { host: '::1', port: 65_535 },
}
const addresses = Buffer.from([192, 0, 2, 1, 198, 51, 100, 7, 0xdc, 4, 1, 0xbb])
const addresses6 = Buffer.from(
  '20010db8000000000000000000000001000000000000000000000000000000010001ffff',
  'hex',
)

const headers: readonly (readonly [name: string, bytes: Buffer, ends: ProxyEnds | undefined])[] = [
  ['1, IPv4', Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n'), ends],
  ['1, IPv6', Buffer.from('PROXY TCP6 2001:DB8:0::1 ::1 1 65535\r\n'), ends6],
  ['1, unknown', Buffer.from('PROXY UNKNOWN\r\n'), undefined],
  ['1, unknown with words', Buffer.from('PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n'), undefined],
  ['2, IPv4', binary(0x21, 0x11, addresses), ends],
  ['2, IPv6', binary(0x21, 0x21, addresses6), ends6],
  [
    '2, with more than addresses',
    binary(0x21, 0x11, Buffer.concat([addresses, Buffer.alloc(90)])),
    ends,
  ],
  ['2, of itself', binary(0x20, 0, Buffer.alloc(0)), undefined],
  ['2, of itself with addresses', binary(0x20, 0x11, addresses), undefined],
  ['2, a socket of the machine', binary(0x21, 0x31, Buffer.alloc(216)), undefined],
]

for (const [name, bytes, expected] of headers) {
  test(`a header of version ${name} is read when all of it is there, and nothing behind it`, () => {
    for (let size = 0; size < bytes.length; size++) {
      assert.equal(readProxyHeader(bytes.subarray(0, size)), undefined, `${size} bytes`)
    }
    for (const rest of ['', 'AMQP\0\0\x09\x01', '\r\n\r\n']) {
      const header = readProxyHeader(Buffer.concat([bytes, Buffer.from(rest)]))
      assert.deepEqual(header, { size: bytes.length, ends: expected })
    }
  })
}

test('what is no header is refused as soon as that is clear', () => {
  const texts = [
    'AMQP\0\0\x09\x01',
    'GET / HTTP/1.1\r\n',
    'P\0',
    'PROXY TCP4 192.0.2.1 198.51.100.7 56324\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 5\r\n',
    'PROXY TCP4 192.0.2.256 198.51.100.7 56324 443\r\n',
    'PROXY TCP4 ::1 198.51.100.7 56324 443\r\n',
    'PROXY TCP6 192.0.2.1 ::1 56324 443\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 65536 443\r\n',
    'PROXY UDP4 192.0.2.1 198.51.100.7 56324 443\r\n',
    `PROXY UNKNOWN ${'x'.repeat(100)}`,
  ]
  const wrong: Buffer[] = [
    ...texts.map((text) => Buffer.from(text, 'latin1')),
    binary(0x11, 0x11, addresses),
    binary(0x22, 0x11, addresses),
    binary(0x21, 0x11, addresses.subarray(1)),
    binary(0x21, 0x11, Buffer.alloc(5000)),
  ]
  for (const bytes of wrong) {
    assert.throws(() => readProxyHeader(bytes), ProxyHeaderError, bytes.toString('latin1'))
  }
})

test('any bytes are a header, the beginning of one, or refused', () => {
  const start = fc.constantFrom(signature, Buffer.from('PROXY '), Buffer.from('PROXY TCP4 '))
  const rest = fc.uint8Array({ maxLength: 300 })
  fc.assert(
    fc.property(start, rest, (first, more) => {
      const bytes = Buffer.concat([first, more])
      try {
        const header = readProxyHeader(bytes)
        assert.ok(header === undefined || header.size <= bytes.length)
      } catch (error) {
        assert.ok(error instanceof ProxyHeaderError)
      }
    }),
  )
})
