// Facts 1.2 and 1.3: which messages are refused for what their properties or their address say.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
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
  shortstr,
  uint16,
  uint32,
} from '../../support/raw-codec.ts'

let broker: BrokerUnderTest
before(async () => {
  broker = await startBrokerUnderTest()
})
after(() => broker[Symbol.asyncDispose]())

const expiration = (text: string): Buffer => Buffer.concat([uint16(1 << 8), shortstr(text)])
const deliveryMode = (mode: number): Buffer => Buffer.concat([uint16(1 << 12), Buffer.from([mode])])
const header = (name: string, field: RawField): Buffer =>
  Buffer.concat([uint16(1 << 13), longstr(encodeTable({ [name]: field }))])

async function assertAccepted(properties: Buffer): Promise<void> {
  await using client = await RawClient.openChannel(broker.port)
  const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
  await client.call(1, 'confirm.select')
  client.publish(1, { routingKey: queue as string }, 'x', properties)
  await client.expect(1, 'basic.ack')
}

async function assertRefused(properties: Buffer, explanation: string): Promise<void> {
  await using client = await RawClient.openChannel(broker.port)
  const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
  client.publish(1, { routingKey: queue as string }, 'x', properties)
  assert.deepEqual(await client.expectClose(1), {
    scope: 'channel',
    code: 406,
    text: `PRECONDITION_FAILED - ${explanation}`,
    classId: 60,
    methodId: 40,
  })
  await client.call(1, 'channel.open')
  const state = await client.call(1, 'queue.declare', { queue: queue as string, passive: true })
  assert.equal(state['messageCount'], 0)
}

describe('expiration', () => {
  for (const text of ['0', '5', '-0', '+5', '007', '4294967296', '315360000000'])
    it(`'${text}' is accepted`, () => assertAccepted(expiration(text)))

  for (const [text, reason] of [
    ['', 'no_integer'],
    ['soon', 'no_integer'],
    [' 1', 'no_integer'],
    ['-', 'no_integer'],
    ["it's", 'no_integer'],
    ['ä', 'no_integer'],
    ['-1', '{value_negative,-1}'],
    ['-007', '{value_negative,-7}'],
    ['315360000001', '{value_too_large,315360000001}'],
    ['1x', '{leftover_string,"x"}'],
    ['1.5', '{leftover_string,".5"}'],
    ['1 ', '{leftover_string," "}'],
    ['0x10', '{leftover_string,"x10"}'],
    ['5"\\\n', '{leftover_string,"\\"\\\\\\n"}'],
    ['5ä', '{leftover_string,"ä"}'],
    ['5\u0001', '{leftover_string,[1]}'],
    ['5日', '{leftover_string,[230,151,165]}'],
  ] as const)
    it(`${JSON.stringify(text)} is refused`, () =>
      assertRefused(expiration(text), `invalid expiration '${text}': ${reason}`))

  it('is refused in a transaction when the message comes, not at its end', async () => {
    await using client = await RawClient.openChannel(broker.port)
    await client.call(1, 'tx.select')
    client.publish(1, { routingKey: 'anywhere' }, 'x', expiration('soon'))
    const { code, text } = await client.expectClose(1)
    assert.deepEqual(
      [code, text],
      [406, "PRECONDITION_FAILED - invalid expiration 'soon': no_integer"],
    )
  })
})

describe('delivery mode', () => {
  for (const mode of [0, 1, 2, 3, 255])
    it(
      `${mode} is accepted`,
      onRabbit310(mode === 1 || mode === 2 ? undefined : 'refuses it; RabbitMQ 4 does not'),
      () => assertAccepted(deliveryMode(mode)),
    )
})

const notArrays: readonly (readonly [name: string, field: RawField])[] = [
  ['longstr', ['S', 'key']],
  ['signedint', ['I', 1]],
  ['unsignedint', ['i', 1]],
  ['long', ['l', 1]],
  ['short', ['s', 1]],
  ['unsignedshort', ['u', 1]],
  ['byte', ['b', 1]],
  ['unsignedbyte', ['B', 1]],
  ['bool', ['t', true]],
  ['double', ['d', 1.5]],
  ['float', ['f', 1.5]],
  ['decimal', ['D', Buffer.from([2, 0, 0, 0, 150])]],
  ['timestamp', ['T', 1]],
  ['table', ['F', {}]],
  ['binary', ['x', 'key']],
  ['void', ['V', undefined]],
]

for (const name of ['CC', 'BCC'])
  describe(`a header ${name}`, () => {
    for (const [type, field] of notArrays)
      it(`of type ${type} is refused`, () =>
        assertRefused(
          header(name, field),
          `invalid message: {unacceptable_type_in_header,"${name}",${type}}`,
        ))

    it('of an array is accepted, whatever it holds', () =>
      assertAccepted(
        header(name, [
          'A',
          [
            ['I', 1],
            ['S', Buffer.from([0xff])],
            ['A', []],
          ],
        ]),
      ))
  })

describe('an address that is not UTF-8', () => {
  const bytes = (...octets: readonly number[]): Buffer => Buffer.from([octets.length, ...octets])
  /** A message of one byte; `address` is exchange and routing key, each with its length. */
  const publish = (client: RawClient, ...address: readonly Buffer[]): void => {
    const head = Buffer.concat([uint16(60), uint16(40), uint16(0)])
    client.sendFrame(1, 1, Buffer.concat([head, ...address, Buffer.from([1])]))
    client.sendHeader(1, 1)
    client.sendBody(1, Buffer.from('x'))
  }

  it('is routed by its bytes: it equals no key and no name that is text', async () => {
    await using client = await RawClient.openChannel(broker.port)
    await client.call(1, 'confirm.select')
    for (const name of ['\ufffd', 'ÿ']) {
      await client.call(1, 'queue.declare', { queue: name, exclusive: true })
      publish(client, bytes(), bytes(0xff))
      const { method } = await client.expectMessage(1, 'basic.return')
      assert.equal(method.args['replyText'], 'NO_ROUTE')
      await client.expect(1, 'basic.ack')
    }
  })

  it('reaches topic patterns word by word', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
    for (const routingKey of ['*.text', 'all.#'])
      await client.call(1, 'queue.bind', {
        queue: queue as string,
        exchange: 'amq.topic',
        routingKey,
      })
    await client.call(1, 'confirm.select')
    publish(client, shortstr('amq.topic'), bytes(0xff, 0xfe, ...Buffer.from('.text')))
    await client.expect(1, 'basic.ack')
    publish(client, shortstr('amq.topic'), bytes(...Buffer.from('all.'), 0xff))
    await client.expect(1, 'basic.ack')
    const state = await client.call(1, 'queue.declare', { queue: queue as string, passive: true })
    assert.equal(state['messageCount'], 2)
  })

  it('names no exchange', async () => {
    await using client = await RawClient.openChannel(broker.port)
    publish(client, bytes(0xff), shortstr('key'))
    const { scope, code, text } = await client.expectClose(1)
    assert.deepEqual([scope, code], ['channel', 404])
    assert.match(text, /^NOT_FOUND - no exchange '.+' in vhost '\/'$/)
  })
})

describe('arguments of basic.publish', () => {
  const method = Buffer.concat([uint16(60), uint16(40), uint16(0), shortstr(''), shortstr('key')])
  for (const [what, payload] of [
    ['with bytes after the last', Buffer.concat([method, Buffer.from([0]), uint32(1)])],
    ['that end too early', method],
    ['whose routing key is cut', method.subarray(0, -2)],
  ] as const)
    it(`${what} close the connection with 501`, async () => {
      await using client = await RawClient.openChannel(broker.port)
      client.sendFrame(1, 1, payload)
      const { scope, code } = await client.expectClose(1)
      assert.deepEqual([scope, code], ['connection', 501])
    })

  it('may have bits that nothing stands for', async () => {
    await using client = await RawClient.openChannel(broker.port)
    await client.call(1, 'confirm.select')
    client.sendFrame(1, 1, Buffer.concat([method, Buffer.from([0xfc])]))
    client.sendHeader(1, 0)
    await client.expect(1, 'basic.ack')
  })
})
