// What metrics say of clients of STOMP, with RabbitMQ's labels.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readMetrics, valueOf } from '../../support/read-metrics.ts'
import { RawStomp } from '../../support/stomp/raw-stomp.ts'
import { StompUnderTest } from '../../support/stomp/stomp-under-test.ts'
import { waitFor } from '../../support/wait-for.ts'

let under: StompUnderTest
before(async () => {
  under = await StompUnderTest.start({ metricsPort: 0 })
})
after(() => under[Symbol.asyncDispose]())

/** By type of queue: deliveries that are acked, those that are not, redeliveries, acks. */
async function counted(protocol: string): Promise<Record<string, readonly number[]>> {
  const response = await fetch(`http://127.0.0.1:${under.portOf('metrics')}/metrics`)
  const metrics = readMetrics(await response.text())
  const kinds = [
    'delivered_consume_manual_ack',
    'delivered_consume_auto_ack',
    'redelivered',
    'acknowledged',
  ]
  const of = (type: string): readonly number[] =>
    kinds.map((kind) => {
      const labels = { protocol, queue_type: `rabbit_${type}_queue` }
      return valueOf(metrics, `rabbitmq_global_messages_${kind}_total`, labels) ?? NaN
    })
  return { classic: of('classic'), quorum: of('quorum'), stream: of('stream') }
}

test('deliveries and acks are counted by type of queue, and not as those of AMQP', async () => {
  await using client = await RawStomp.connect(under.portOf('stomp'))
  const subscribe = (name: string, more: object): Promise<unknown> =>
    client.done('SUBSCRIBE', { destination: `/queue/${name}`, id: name, ...more })
  await subscribe('acked', { ack: 'client-individual' })
  await subscribe('quick', { 'x-queue-type': 'quorum' })
  await subscribe('read', {
    ack: 'client-individual',
    'prefetch-count': '10',
    'x-queue-type': 'stream',
    'x-stream-offset': 'first',
  })
  for (const name of ['quick', 'read', 'acked']) {
    client.send('SEND', { destination: `/queue/${name}`, persistent: 'true' }, name)
    const { headers } = await client.expect('MESSAGE')
    const id = headers['ack']
    if (id === undefined) continue
    if (name === 'acked') {
      client.send('NACK', { id })
      const again = await client.expect('MESSAGE')
      await client.done('ACK', { id: again.headers['ack'] ?? '' })
    } else await client.done('ACK', { id })
  }
  const expected = { classic: [2, 0, 1, 1], quorum: [0, 1, 0, 0], stream: [1, 0, 0, 1] }
  await waitFor('they are counted', async () => (await counted('stomp'))['stream']?.[3] === 1)
  assert.deepEqual(await counted('stomp'), expected)
  const none = [0, 0, 0, 0]
  assert.deepEqual(await counted('amqp091'), { classic: none, quorum: none, stream: none })
})
