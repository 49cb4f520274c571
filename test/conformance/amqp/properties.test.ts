// Facts 1.2 and section 2, field tables: content properties pass through byte for byte.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AmqpSession } from '../../support/amqp-session.ts'
import {
  type BrokerUnderTest,
  onRabbit310,
  startBrokerUnderTest,
} from '../../support/broker-under-test.ts'
import { RawClient } from '../../support/raw-client.ts'
import {
  encodeTable,
  longstr,
  type RawField,
  type RawTable,
  shortstr,
  uint16,
  uint64,
} from '../../support/raw-codec.ts'

let broker: BrokerUnderTest
before(async () => {
  broker = await startBrokerUnderTest()
})
after(() => broker[Symbol.asyncDispose]())

/** Properties in the order of their flag, the highest bit first. */
const properties: readonly { readonly name: string; readonly bytes: Buffer }[] = [
  { name: 'content-type', bytes: shortstr('application/json') },
  { name: 'content-encoding', bytes: shortstr('gzip') },
  { name: 'headers', bytes: longstr(encodeTable({ a: ['S', 'b'] })) },
  { name: 'delivery-mode', bytes: Buffer.from([2]) },
  { name: 'priority', bytes: Buffer.from([7]) },
  { name: 'correlation-id', bytes: shortstr('c-1') },
  { name: 'reply-to', bytes: shortstr('answers') },
  { name: 'expiration', bytes: shortstr('60000') },
  { name: 'message-id', bytes: shortstr('m-1') },
  { name: 'timestamp', bytes: uint64(1_700_000_000) },
  { name: 'type', bytes: shortstr('created') },
  { name: 'user-id', bytes: shortstr('guest') },
  { name: 'app-id', bytes: shortstr('test') },
  { name: 'cluster-id', bytes: shortstr('cluster') },
]

/** Flags and values of the chosen properties. */
function encoded(chosen: (index: number) => boolean): Buffer {
  let flags = 0
  const values: Buffer[] = []
  for (const [index, { bytes }] of properties.entries()) {
    if (!chosen(index)) continue
    flags |= 1 << (15 - index)
    values.push(bytes)
  }
  return Buffer.concat([uint16(flags), ...values])
}

function withHeaders(table: RawTable | Buffer): Buffer {
  const content = Buffer.isBuffer(table) ? table : encodeTable(table)
  return Buffer.concat([uint16(1 << 13), longstr(content)])
}

/** Publishes with these property bytes and returns the bytes that come back. */
async function throughQueue(client: RawClient, bytes: Buffer): Promise<Buffer> {
  const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
  client.publish(1, { routingKey: queue as string }, 'body', bytes)
  client.send(1, 'basic.get', { queue: queue as string, noAck: true })
  const { properties: received } = await client.expectMessage(1, 'basic.get-ok')
  await client.call(1, 'queue.delete', { queue: queue as string })
  return received
}

async function assertUnchanged(bytes: Buffer): Promise<void> {
  await using client = await RawClient.openChannel(broker.port)
  const received = await throughQueue(client, bytes)
  assert.equal(received.toString('hex'), bytes.toString('hex'))
}

describe('content properties', () => {
  it('pass through none at all', () => assertUnchanged(uint16(0)))
  it('pass through all at once', () => assertUnchanged(encoded(() => true)))
  it('pass through every other', async () => {
    await assertUnchanged(encoded((index) => index % 2 === 0))
    await assertUnchanged(encoded((index) => index % 2 === 1))
  })
  for (const [index, { name }] of properties.entries())
    it(`pass through ${name} alone`, () => assertUnchanged(encoded((each) => each === index)))

  it('pass through strings of 255 bytes and empty ones', async () => {
    for (const text of ['', 'x'.repeat(255), '파발'])
      await assertUnchanged(Buffer.concat([uint16(1 << 7), shortstr(text)]))
  })

  it('pass through both delivery modes and every priority', async () => {
    for (const [mode, priority] of [
      [1, 0],
      [2, 9],
      [1, 255],
    ] as const) {
      const flags = uint16((1 << 12) | (1 << 11))
      await assertUnchanged(Buffer.concat([flags, Buffer.from([mode, priority])]))
    }
  })
})

const fields: Record<string, RawField> = {
  longstr: ['S', 'text'],
  'empty longstr': ['S', ''],
  'longstr that is not UTF-8': ['S', Buffer.from([0xff, 0xfe, 0x00])],
  'signed 32': ['I', -(2 ** 31)],
  'unsigned 32': ['i', 2 ** 32 - 1],
  'signed 64': ['l', -(2n ** 63n)],
  true: ['t', true],
  false: ['t', false],
  'signed 8': ['b', -128],
  'unsigned 8': ['B', 255],
  'signed 16': ['s', -32768],
  'unsigned 16': ['u', 65535],
  float: ['f', 1.5],
  double: ['d', Math.PI],
  'not a number': ['d', Number.NaN],
  decimal: ['D', Buffer.from([2, 0, 0, 0, 150])],
  timestamp: ['T', 2n ** 40n],
  table: ['F', { inner: ['S', 'x'], deeper: ['F', { n: ['I', 1] }] }],
  'empty table': ['F', {}],
  array: [
    'A',
    [
      ['S', 'a'],
      ['I', 2],
      ['A', [['t', true]]],
      ['F', { k: ['V', undefined] }],
    ],
  ],
  'empty array': ['A', []],
  'byte array': ['x', Buffer.from([0, 1, 255])],
  void: ['V', undefined],
}

describe('header fields pass through byte for byte', () => {
  for (const [name, field] of Object.entries(fields)) {
    const difference = name === 'not a number' ? 'cannot read it' : undefined
    it(name, onRabbit310(difference), () => assertUnchanged(withHeaders({ h: field })))
  }

  it('64 bits as L', onRabbit310('writes l'), () => assertUnchanged(withHeaders({ h: ['L', 7] })))

  it('all together and in their order', () => assertUnchanged(withHeaders(withoutNaN())))

  it('the same name twice', async () => {
    const twice = Buffer.concat([encodeTable({ a: ['I', 1] }), encodeTable({ a: ['I', 2] })])
    await assertUnchanged(withHeaders(twice))
  })

  it('names of 255 bytes, empty and Unicode names', () =>
    assertUnchanged(withHeaders({ ['n'.repeat(255)]: ['I', 1], '': ['I', 2], 파발: ['I', 3] })))

  it('tables that fill most of a frame', () =>
    assertUnchanged(withHeaders({ big: ['S', 'x'.repeat(100_000)] })))
})

function withoutNaN(): RawTable {
  const { 'not a number': _, ...rest } = fields
  return rest
}

describe('what amqplib sends', () => {
  it('comes back as it was', async () => {
    await using session = await AmqpSession.open(broker.url)
    const channel = await session.channel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    const headers = {
      text: 'x',
      small: 1,
      negative: -5,
      big: 2 ** 40,
      fraction: 0.5,
      yes: true,
      nothing: null,
      list: [1, 'two', { three: 3 }],
      nested: { deep: { deeper: [] } },
      bytes: Buffer.from([1, 2, 3]),
    }
    const options = {
      contentType: 'text/plain',
      contentEncoding: 'identity',
      headers,
      deliveryMode: 2,
      priority: 3,
      correlationId: 'c',
      replyTo: 'r',
      expiration: '100000',
      messageId: 'm',
      timestamp: 1_700_000_000,
      type: 't',
      appId: 'a',
    }
    channel.sendToQueue(queue, Buffer.from('x'), options)
    const message = await channel.get(queue)
    assert.ok(message)
    assert.partialDeepStrictEqual(message.properties, options)
  })
})
