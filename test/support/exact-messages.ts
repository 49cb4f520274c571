// Messages with one of each property and every type of header, for those who carry messages elsewhere.
import assert from 'node:assert/strict'
import { RawClient } from './raw-client.ts'
import { encodeTable, longstr, shortstr, uint16, uint64 } from './raw-codec.ts'

/** All types of headers that RabbitMQ has, and one of each property. */
const headers = encodeTable({
  bool: ['t', true],
  byte: ['b', -1],
  unsignedByte: ['B', 255],
  short: ['s', -300],
  unsignedShort: ['u', 65_535],
  int: ['I', -70_000],
  unsignedInt: ['i', 4_294_967_295],
  small: ['I', 5],
  long: ['l', 9_007_199_254_740_993n],
  float: ['f', 1.5],
  double: ['d', 2],
  decimal: ['D', Buffer.from([2, 0xff, 0xff, 0xff, 0xfe])],
  time: ['T', 18_446_744_073_709_551_615n],
  text: ['S', 'straße'],
  notUtf8: ['S', Buffer.from([0xff, 0xfe])],
  bytes: ['x', 'abc'],
  nothing: ['V', undefined],
  list: [
    'A',
    [
      ['I', 1],
      ['F', { deep: ['T', 5] }],
      ['V', undefined],
    ],
  ],
  table: ['F', { inner: ['F', { most: ['l', -1n] }] }],
  CC: ['A', [['S', 'copies']]],
  'x-death': ['A', [['F', { count: ['l', 3n], queue: ['S', 'old'], time: ['T', 1_700_000_000] }]]],
})
const properties = Buffer.concat([
  uint16(0xfffc),
  shortstr('application/json'),
  shortstr('gzip'),
  longstr(headers),
  Buffer.from([2, 7]),
  shortstr('c-1'),
  shortstr('answers'),
  shortstr('3600000'),
  shortstr('m-1'),
  uint64(1_700_000_000),
  shortstr('created'),
  shortstr('guest'),
  shortstr('app'),
  shortstr('cluster'),
])

/** The address of all of them. */
const exchange = 'move.exact'
const routingKey = Buffer.from([0x6f, 0x2e, 0xff])
const bodies = [Buffer.alloc(0), Buffer.from([0, 0xce, 1]), Buffer.alloc(3_000_000, 'x')]

/** What the broker at `port` itself gives out of these messages: in a queue that is not moved. */
const copyOf = (queue: string): string => `${queue}.copy`

/** Declares `queue`, a copy of it and one that a CC header names, and publishes the messages: three. */
export async function declareExact(port: number, queue: string): Promise<void> {
  await using client = await RawClient.openChannel(port)
  await client.call(1, 'exchange.declare', { exchange, type: 'topic', durable: true })
  for (const name of [queue, copyOf(queue), 'copies']) {
    await client.call(1, 'queue.declare', { queue: name, durable: true })
    if (name !== 'copies') {
      await client.call(1, 'queue.bind', { queue: name, exchange, routingKey: '#' })
    }
  }
  await client.call(1, 'confirm.select')
  for (const body of bodies) {
    client.publish(1, { exchange, routingKey }, body, properties)
    await client.expect(1, 'basic.ack')
  }
}

/** The messages of `queue` at one broker are those of the copy at the other, byte for byte. */
export async function assertExact(asked: {
  readonly from: number
  readonly to: number
  readonly queue: string
}): Promise<void> {
  const { from, to, queue } = asked
  await using source = await RawClient.openChannel(from)
  await using target = await RawClient.openChannel(to)
  for (const expected of bodies) {
    const [original, moved] = await Promise.all([
      takeOne(source, copyOf(queue)),
      takeOne(target, queue),
    ])
    assert.deepEqual(moved, original)
    assert.equal(moved.properties, properties.toString('hex'))
    assert.equal(moved.exchange, exchange)
    assert.ok(moved.body.equals(expected), `${expected.length} bytes`)
  }
}

async function takeOne(
  client: RawClient,
  queue: string,
): Promise<{ properties: string; exchange: unknown; routingKey: unknown; body: Buffer }> {
  client.send(1, 'basic.get', { queue, noAck: true })
  const { method, properties: found, body } = await client.expectMessage(1, 'basic.get-ok')
  const { exchange: from, routingKey: key } = method.args
  return { properties: found.toString('hex'), exchange: from, routingKey: key, body }
}
