// Facts section 2, frames: what a malformed or misplaced frame is answered with.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type BrokerUnderTest,
  onRabbit310,
  startBrokerUnderTest,
} from '../../support/broker-under-test.ts'
import { RawClient } from '../../support/raw-client.ts'
import { encodeFrame, encodeMethod, uint16, uint32 } from '../../support/raw-codec.ts'

let broker: BrokerUnderTest
before(async () => {
  broker = await startBrokerUnderTest()
})
after(() => broker[Symbol.asyncDispose]())

interface FrameCase {
  readonly case: string
  readonly code: number
  readonly rabbitmq310?: string
  readonly send: (client: RawClient) => void
}

const publish = { routingKey: 'anywhere' }
const noEnd = encodeFrame(1, 1, encodeMethod('basic.qos', { prefetchCount: 1 }))
noEnd[noEnd.length - 1] = 0

const cases: readonly FrameCase[] = [
  { case: 'bad end byte', code: 501, send: (client) => client.sendBytes(noEnd) },
  {
    case: 'frame above frame_max',
    code: 501,
    send: (client) => client.sendFrame(3, 1, Buffer.alloc(131072 + 1)),
  },
  {
    case: 'frame size of 2 GiB, of which only the head arrives',
    code: 501,
    send: (client) => client.sendBytes(Buffer.concat([Buffer.from([3, 0, 1]), uint32(0x7fffffff)])),
  },
  {
    case: 'unknown frame type',
    code: 501,
    send: (client) => client.sendFrame(4, 1, Buffer.from('what')),
  },
  {
    case: 'header without a publish',
    code: 505,
    send: (client) => client.sendHeader(1, 5),
  },
  {
    case: 'body without a publish',
    code: 505,
    send: (client) => client.sendBody(1, Buffer.from('body')),
  },
  {
    case: 'body instead of the header',
    code: 505,
    send: (client) => {
      client.send(1, 'basic.publish', publish)
      client.sendBody(1, Buffer.from('body'))
    },
  },
  {
    case: 'method instead of the header',
    code: 505,
    send: (client) => {
      client.send(1, 'basic.publish', publish)
      client.send(1, 'basic.qos', { prefetchCount: 1 })
    },
  },
  {
    case: 'method instead of the body',
    code: 505,
    send: (client) => {
      client.send(1, 'basic.publish', publish)
      client.sendHeader(1, 10)
      client.send(1, 'basic.qos', { prefetchCount: 1 })
    },
  },
  {
    case: 'second header instead of the body',
    code: 505,
    send: (client) => {
      client.send(1, 'basic.publish', publish)
      client.sendHeader(1, 10)
      client.sendHeader(1, 10)
    },
  },
  {
    case: 'header of another class',
    code: 505,
    send: (client) => {
      client.send(1, 'basic.publish', publish)
      const head = Buffer.concat([uint16(10), uint16(0), Buffer.alloc(8), uint16(0)])
      client.sendFrame(2, 1, head)
    },
  },
  {
    case: 'heartbeat on a channel',
    code: 505,
    send: (client) => client.sendFrame(8, 1, Buffer.alloc(0)),
  },
]

describe('frames that RabbitMQ refuses', () => {
  for (const row of cases) {
    it(`${row.case}: connection.close ${row.code}`, onRabbit310(row.rabbitmq310), async () => {
      await using client = await RawClient.openChannel(broker.port)
      row.send(client)
      const close = await client.expectClose(1)
      assert.deepEqual([close.scope, close.code], ['connection', row.code])
      await client.ended()
    })
  }

  it('more body than the header said ends the connection', onRabbit310('waits'), async () => {
    await using client = await RawClient.openChannel(broker.port)
    client.send(1, 'basic.publish', publish)
    client.sendHeader(1, 2)
    client.sendBody(1, Buffer.from('three'))
    await client.refused()
  })

  it('unknown method ids end the connection', async () => {
    for (const [classId, methodId] of [
      [60, 999],
      [77, 10],
    ] as const) {
      await using client = await RawClient.openChannel(broker.port)
      client.sendFrame(1, 1, Buffer.concat([uint16(classId), uint16(methodId), Buffer.alloc(4)]))
      await client.refused()
    }
  })

  it('method arguments that are cut short end the connection', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const whole = encodeMethod('queue.declare', { queue: 'cut-short' })
    client.sendFrame(1, 1, whole.subarray(0, 9))
    await client.refused()
  })

  it('a field table of garbage ends the connection', async () => {
    await using client = await RawClient.openChannel(broker.port)
    client.send(1, 'queue.declare', { exclusive: true, arguments: Buffer.from('\x05abc') })
    await client.refused()
  })

  it('empty method frames end the connection', async () => {
    await using client = await RawClient.openChannel(broker.port)
    client.sendFrame(1, 1, Buffer.alloc(0))
    await client.refused()
  })

  it('one bad connection leaves the others alone', async () => {
    await using good = await RawClient.openChannel(broker.port)
    await using bad = await RawClient.openChannel(broker.port)
    bad.sendFrame(99, 1, Buffer.alloc(3))
    await bad.refused()
    await good.call(1, 'queue.declare', { exclusive: true })
  })
})

describe('frames that RabbitMQ takes', () => {
  it('arrive one byte at a time', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
    const bytes = Buffer.concat([
      encodeFrame(1, 1, encodeMethod('basic.publish', { routingKey: queue as string })),
      encodeFrame(2, 1, Buffer.concat([uint16(60), uint16(0), uint32(0), uint32(3), uint16(0)])),
      encodeFrame(3, 1, Buffer.from('abc')),
      encodeFrame(1, 1, encodeMethod('basic.get', { queue: queue as string, noAck: true })),
    ])
    for (const byte of bytes) client.sendBytes(Buffer.from([byte]))
    const message = await client.expectMessage(1, 'basic.get-ok')
    assert.equal(message.body.toString(), 'abc')
  })

  it('carry the body in many small and empty frames', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
    client.send(1, 'basic.publish', { routingKey: queue as string })
    client.sendHeader(1, 6)
    for (const part of ['a', '', 'bc', 'd', '', 'ef']) client.sendBody(1, Buffer.from(part))
    client.send(1, 'basic.get', { queue: queue as string })
    const message = await client.expectMessage(1, 'basic.get-ok')
    assert.equal(message.body.toString(), 'abcdef')
  })

  it('interleave the contents of two channels', async () => {
    await using client = await RawClient.openChannel(broker.port)
    await client.call(2, 'channel.open')
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
    for (const channel of [1, 2])
      client.send(channel, 'basic.publish', { routingKey: queue as string })
    for (const channel of [2, 1]) client.sendHeader(channel, 4)
    client.sendBody(1, Buffer.from('on'))
    client.sendBody(2, Buffer.from('two!'))
    client.sendBody(1, Buffer.from('e!'))
    await client.call(2, 'basic.qos', { prefetchCount: 1 })
    await client.call(1, 'basic.qos', { prefetchCount: 1 })
    const bodies: string[] = []
    for (let n = 0; n < 2; n += 1) {
      client.send(1, 'basic.get', { queue: queue as string, noAck: true })
      bodies.push((await client.expectMessage(1, 'basic.get-ok')).body.toString())
    }
    assert.deepEqual(bodies.toSorted(), ['one!', 'two!'])
  })
})
