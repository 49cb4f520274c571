// What clients can do to atoms: whatever they send, atoms do not nest, and nothing of another channel
// or connection runs inside a call.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerInProcess } from '../../../test/support/broker-in-process.ts'
import { RawClient } from '../../../test/support/raw-client.ts'
import {
  encodeFrame,
  encodeMethod,
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_METHOD,
  uint16,
  uint64,
  type RawArguments,
} from '../../../test/support/raw-codec.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import type { Random } from '../../lib/random.ts'
import { clientLimits } from '../../limits/clients.ts'

/** Every commit takes this long, so that channels wait together. */
const commitMs = 300
const slow = {
  random: { below: () => commitMs, next: () => 1 } as unknown as Random,
  delayMsMax: commitMs,
}

function method(channel: number, name: string, args: RawArguments = {}): Buffer {
  return encodeFrame(FRAME_METHOD, channel, encodeMethod(name, args))
}

function publish(channel: number, routingKey: string, body: Buffer): Buffer {
  const header = Buffer.concat([uint16(60), uint16(0), uint64(body.length), uint16(0)])
  return Buffer.concat([
    method(channel, 'basic.publish', { routingKey }),
    encodeFrame(FRAME_HEADER, channel, header),
    encodeFrame(FRAME_BODY, channel, body),
  ])
}

function publishes(count: number, channels: readonly number[], size: number): Buffer {
  const each = channels.map((channel) => publish(channel, 'sink', Buffer.alloc(size, 'p')))
  return Buffer.concat(Array.from({ length: count }, () => each).flat())
}

/** Watches how deep atoms nest. */
function watchDepth({ store }: BrokerInProcess): { deepest: number } {
  const seen = { deepest: 0 }
  let depth = 0
  const begin = store.beginAtom.bind(store)
  const end = store.endAtom.bind(store)
  store.beginAtom = () => {
    seen.deepest = Math.max(seen.deepest, ++depth)
    return begin()
  }
  store.endAtom = () => {
    depth--
    return end()
  }
  return seen
}

test('a transaction whose requeue wakes a basic.get runs nothing of other channels in its atom', async () => {
  await using broker = await BrokerInProcess.start({ chaos: slow })
  await using client = await RawClient.openChannel(broker.port)
  for (const channel of [2, 3]) await client.call(channel, 'channel.open')
  for (const queue of ['q', 'sink']) await client.call(1, 'queue.declare', { queue, durable: true })
  client.sendBytes(
    Buffer.concat(Array.from({ length: 6000 }, () => publish(1, 'q', Buffer.from('m')))),
  )
  await client.call(3, 'tx.select')
  client.send(3, 'basic.get', { queue: 'q' })
  const { method: got } = await client.expectMessage(3, 'basic.get-ok')
  const depth = watchDepth(broker)
  const get = method(1, 'basic.get', { queue: 'q', noAck: true })
  client.sendBytes(
    Buffer.concat([
      method(3, 'queue.declare', { queue: 'waits', durable: true }),
      ...Array.from({ length: 4300 }, () => get),
      publishes(10, [3], 100_000),
      method(3, 'basic.nack', { deliveryTag: got.args['deliveryTag'] as number, requeue: true }),
      method(3, 'tx.commit'),
      publishes(29, [1], 100_000),
      publishes(clientLimits.parkedSizeMax / 10_000, [1, 2], 10_000),
    ]),
  )
  const published = 10 + 29 + (2 * clientLimits.parkedSizeMax) / 10_000
  const sink = await waitFor('the queue exists', () =>
    broker.broker.getVHost('/').findQueue('sink'),
  )
  await waitFor('all is published', () => sink.messageCount >= Math.floor(published))
  assert.deepEqual(broker.bugs, [])
  assert.equal(depth.deepest, 1)
})
