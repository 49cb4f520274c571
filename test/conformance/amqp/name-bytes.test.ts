// Names in messages and arguments are bytes to RabbitMQ (3.10 and 4.2): it takes exchange and routing key
// of basic.publish, a longstr of arguments and the entries of CC as they come, UTF-8 or not. Only names of
// what is declared and keys of bindings must be UTF-8.
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import {
  type BrokerUnderTest,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'
import { RawClient, type RawMessage } from '../../support/raw-client.ts'
import { encodeTable, longstr, type RawTable, uint16 } from '../../support/raw-codec.ts'

/** Two words for a topic exchange. */
const odd = Buffer.of(0x6b, 0xff, 0x2e, 0xc3)
const other = Buffer.of(0x6b, 0xfe, 0x2e, 0xc3)

const headersFlag = 0x2000

let broker: BrokerUnderTest
let client: RawClient
before(async () => {
  broker = await startBrokerUnderTest()
})
after(() => broker[Symbol.asyncDispose]())
beforeEach(async () => {
  client = await RawClient.openChannel(broker.port)
})
afterEach(() => client[Symbol.asyncDispose]())

async function declareQueue(args: RawTable = {}): Promise<string> {
  const queue = uniqueName('q')
  await client.call(1, 'queue.declare', { queue, exclusive: true, arguments: encodeTable(args) })
  return queue
}

/** An exchange and a queue that gets everything from it. */
async function declareSink(): Promise<{ readonly exchange: string; readonly queue: string }> {
  const [exchange, queue] = [uniqueName('x'), await declareQueue()]
  await client.call(1, 'exchange.declare', { exchange, type: 'topic', autoDelete: true })
  await client.call(1, 'queue.bind', { queue, exchange, routingKey: '#' })
  return { exchange, queue }
}

async function get(queue: string): Promise<RawMessage> {
  client.send(1, 'basic.get', { queue })
  return client.expectMessage(1, 'basic.get-ok')
}

async function reject(message: RawMessage): Promise<void> {
  const { deliveryTag } = message.method.args
  client.send(1, 'basic.reject', { deliveryTag: deliveryTag!, requeue: false })
}

/** The only message that comes to `queue`. */
async function dead(queue: string): Promise<RawMessage> {
  for (;;) {
    client.send(1, 'basic.get', { queue })
    const frame = await client.next()
    if (frame.kind === 'method' && frame.name === 'basic.get-empty') continue
    assert.ok(frame.kind === 'method')
    const [header, body] = [await client.next(), await client.next()]
    assert.ok(header.kind === 'header' && body.kind === 'body')
    return { method: frame, properties: header.payload.subarray(12), body: body.payload }
  }
}

function headersOf(table: RawTable): Buffer {
  return Buffer.concat([uint16(headersFlag), longstr(encodeTable(table))])
}

/** The field of x-death that names a message's keys. */
function keysField(keys: readonly Buffer[]): Buffer {
  return encodeTable({ 'routing-keys': ['A', keys.map((key) => ['S', key] as const)] })
}

test('a routing key that is not UTF-8 is delivered as it was sent', async () => {
  const { exchange, queue } = await declareSink()
  client.publish(1, { exchange, routingKey: odd }, 'm')
  assert.deepEqual((await get(queue)).method.args['routingKey'], odd)
})

test('a message that is returned keeps the bytes of its routing key', async () => {
  const exchange = uniqueName('x')
  await client.call(1, 'exchange.declare', { exchange, type: 'direct', autoDelete: true })
  client.publish(1, { exchange, routingKey: odd, mandatory: true }, 'm')
  const { method } = await client.expectMessage(1, 'basic.return')
  assert.deepEqual(method.args['routingKey'], odd)
})

test('a dead letter keeps the bytes of its routing key, and so does what its headers say', async () => {
  const { exchange, queue } = await declareSink()
  const dying = await declareQueue({ 'x-dead-letter-exchange': ['S', exchange] })
  const source = uniqueName('x')
  await client.call(1, 'exchange.declare', { exchange: source, type: 'fanout', autoDelete: true })
  await client.call(1, 'queue.bind', { queue: dying, exchange: source, routingKey: '' })
  client.publish(1, { exchange: source, routingKey: odd }, 'm')
  await reject(await get(dying))
  const { method, properties } = await dead(queue)
  assert.deepEqual(method.args['routingKey'], odd)
  assert.ok(properties.includes(keysField([odd])), properties.toString('latin1'))
})

test('a dead-letter routing key that is not UTF-8 is where dead letters go', async () => {
  const { exchange, queue } = await declareSink()
  const dying = await declareQueue({
    'x-dead-letter-exchange': ['S', exchange],
    'x-dead-letter-routing-key': ['S', odd],
  })
  client.publish(1, { routingKey: dying }, 'm')
  await reject(await get(dying))
  assert.deepEqual((await dead(queue)).method.args['routingKey'], odd)
})

test('a dead-letter exchange that is not UTF-8 is one that does not exist', async () => {
  const dying = await declareQueue({ 'x-dead-letter-exchange': ['S', odd] })
  client.publish(1, { routingKey: dying }, 'm')
  await reject(await get(dying))
  client.send(1, 'basic.get', { queue: dying })
  await client.expect(1, 'basic.get-empty')
})

test('a queue is declared again with the same bytes and not with others', async () => {
  const queue = uniqueName('q')
  const declare = (key: Buffer): Promise<unknown> => {
    const args: RawTable = {
      'x-dead-letter-exchange': ['S', ''],
      'x-dead-letter-routing-key': ['S', key],
    }
    const asked = { queue, durable: true, arguments: encodeTable(args) }
    return client.call(1, 'queue.declare', asked)
  }
  await declare(odd)
  await declare(odd)
  await using refused = await RawClient.openChannel(broker.port)
  const args: RawTable = {
    'x-dead-letter-exchange': ['S', ''],
    'x-dead-letter-routing-key': ['S', other],
  }
  refused.send(1, 'queue.declare', { queue, durable: true, arguments: encodeTable(args) })
  assert.equal((await refused.expectClose(1)).code, 406)
  await client.call(1, 'queue.delete', { queue })
})

test('an entry of CC or BCC that is not UTF-8 is a routing key as any other', async () => {
  const { exchange } = await declareSink()
  const queue = await declareQueue()
  await client.call(1, 'queue.bind', { queue, exchange, routingKey: '*.*' })
  for (const name of ['CC', 'BCC']) {
    const headers = headersOf({ [name]: ['A', [['S', odd]]] })
    client.publish(1, { exchange, routingKey: 'none' }, name, headers)
    assert.equal((await get(queue)).body.toString(), name)
  }
})

test('a dead letter goes by the bytes of CC, too, and its headers name them', async () => {
  const { exchange, queue } = await declareSink()
  const dying = await declareQueue({ 'x-dead-letter-exchange': ['S', exchange] })
  const second = await declareQueue()
  await client.call(1, 'queue.bind', { queue: second, exchange, routingKey: '*.*' })
  const headers = headersOf({ CC: ['A', [['S', odd]]] })
  client.publish(1, { routingKey: dying }, 'm', headers)
  await reject(await get(dying))
  for (const name of [queue, second]) {
    const { properties } = await dead(name)
    assert.ok(properties.includes(keysField([Buffer.from(dying), odd])))
  }
})
