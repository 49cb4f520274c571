// More rows of facts section 2: acks, transactions, conditions and what closes the connection.

import { uint16, shortstr } from '../../support/raw-codec.ts'
import type { ErrorCase, ErrorContext } from './section-2-cases.ts'

const channel = { closes: 'channel' } as const
const connection = { closes: 'connection' } as const

/** Declares an exclusive queue, fills it with one message and gets that as delivery tag 1. */
async function getOne({ client, name }: ErrorContext, noAck = false): Promise<void> {
  await client.call(1, 'queue.declare', { queue: name, exclusive: true })
  client.publish(1, { routingKey: name }, 'x')
  client.send(1, 'basic.get', { queue: name, noAck })
  await client.expectMessage(1, 'basic.get-ok')
}

export const ackCases: readonly ErrorCase[] = [
  ...(
    [
      ['basic.ack', 80],
      ['basic.reject', 90],
      ['basic.nack', 120],
    ] as const
  ).map(([method, methodId]): ErrorCase => ({
    ...channel,
    case: `${method} of a tag never given`,
    code: 406,
    method: [60, methodId],
    text: 'unknown delivery tag 7',
    provoke: ({ client }) => client.send(1, method, { deliveryTag: 7 }),
  })),
  {
    ...channel,
    case: 'ack twice',
    code: 406,
    method: [60, 80],
    text: 'unknown delivery tag 1',
    provoke: async (context) => {
      await getOne(context)
      context.client.send(1, 'basic.ack', { deliveryTag: 1 })
      context.client.send(1, 'basic.ack', { deliveryTag: 1 })
    },
  },
  {
    ...channel,
    case: 'multiple ack of a tag that is not out',
    code: 406,
    method: [60, 80],
    text: 'unknown delivery tag 5',
    provoke: async (context) => {
      await getOne(context)
      context.client.send(1, 'basic.ack', { deliveryTag: 5, multiple: true })
    },
  },
  {
    ...channel,
    case: 'ack of a no-ack delivery',
    code: 406,
    method: [60, 80],
    text: 'unknown delivery tag 1',
    provoke: async (context) => {
      await getOne(context, true)
      context.client.send(1, 'basic.ack', { deliveryTag: 1 })
    },
  },
  {
    ...channel,
    case: 'ack of tag 0 without multiple',
    code: 406,
    method: [60, 80],
    text: 'unknown delivery tag 0',
    provoke: ({ client }) => client.send(1, 'basic.ack', { deliveryTag: 0 }),
  },
  {
    ...channel,
    case: 'ack on another channel than the delivery',
    code: 406,
    method: [60, 80],
    text: 'unknown delivery tag 1',
    provoke: async (context) => {
      const { client } = context
      await client.call(2, 'channel.open')
      await client.call(2, 'queue.declare', { queue: context.name, exclusive: true })
      client.publish(2, { routingKey: context.name }, 'x')
      client.send(2, 'basic.get', { queue: context.name })
      await client.expectMessage(2, 'basic.get-ok')
      client.send(1, 'basic.ack', { deliveryTag: 1 })
    },
  },
]

export const conditionCases: readonly ErrorCase[] = [
  {
    ...channel,
    case: 'queue.delete if-unused of a queue with consumers',
    code: 406,
    method: [50, 40],
    text: ({ name }) => `queue '${name}' in vhost '/' in use`,
    provoke: async ({ client, name }) => {
      await client.call(1, 'queue.declare', { queue: name, exclusive: true })
      await client.call(1, 'basic.consume', { queue: name })
      client.send(1, 'queue.delete', { queue: name, ifUnused: true })
    },
  },
  {
    ...channel,
    case: 'queue.delete if-empty of a queue with messages',
    code: 406,
    method: [50, 40],
    text: ({ name }) => `queue '${name}' in vhost '/' not empty`,
    provoke: async ({ client, name }) => {
      await client.call(1, 'queue.declare', { queue: name, exclusive: true })
      await client.call(1, 'confirm.select')
      client.publish(1, { routingKey: name }, 'x')
      await client.expect(1, 'basic.ack')
      client.send(1, 'queue.delete', { queue: name, ifEmpty: true })
    },
  },
  {
    ...channel,
    case: 'exchange.delete if-unused of an exchange with bindings',
    code: 406,
    method: [40, 20],
    text: ({ name }) => `exchange '${name}' in vhost '/' in use`,
    provoke: async ({ client, name }) => {
      await client.call(1, 'exchange.declare', { exchange: name, type: 'direct', autoDelete: true })
      await client.call(1, 'queue.declare', { queue: name, exclusive: true })
      await client.call(1, 'queue.bind', { queue: name, exchange: name })
      client.send(1, 'exchange.delete', { exchange: name, ifUnused: true })
    },
  },
  {
    ...channel,
    case: 'confirm.select on a tx channel',
    code: 406,
    method: [85, 10],
    text: 'cannot switch from tx to confirm mode',
    provoke: async ({ client }) => {
      await client.call(1, 'tx.select')
      client.send(1, 'confirm.select')
    },
  },
  {
    ...channel,
    case: 'tx.select on a confirm channel',
    code: 406,
    method: [90, 10],
    text: 'cannot switch from confirm to tx mode',
    provoke: async ({ client }) => {
      await client.call(1, 'confirm.select')
      client.send(1, 'tx.select')
    },
  },
  {
    ...channel,
    case: 'tx.commit without select',
    code: 406,
    method: [90, 20],
    text: 'channel is not transactional',
    provoke: ({ client }) => client.send(1, 'tx.commit'),
  },
  {
    ...channel,
    case: 'tx.rollback without select',
    code: 406,
    method: [90, 30],
    text: 'channel is not transactional',
    provoke: ({ client }) => client.send(1, 'tx.rollback'),
  },
  {
    ...channel,
    case: 'user-id of somebody else',
    code: 406,
    method: [60, 40],
    text: "user_id property set to 'eve' but authenticated user was 'guest'",
    provoke: ({ client, name }) =>
      client.publish(
        1,
        { routingKey: name },
        'x',
        Buffer.concat([uint16(1 << 4), shortstr('eve')]),
      ),
  },
]

export const connectionCases: readonly ErrorCase[] = [
  {
    ...connection,
    case: 'a consumer tag used twice on a channel',
    code: 530,
    method: [60, 20],
    text: "attempt to reuse consumer tag 'twice'",
    provoke: async ({ client, name }) => {
      await client.call(1, 'queue.declare', { queue: name, exclusive: true })
      await client.call(1, 'basic.consume', { queue: name, consumerTag: 'twice' })
      client.send(1, 'basic.consume', { queue: name, consumerTag: 'twice' })
    },
  },
  {
    ...connection,
    case: 'publish with immediate',
    code: 540,
    method: [60, 40],
    text: 'immediate=true',
    provoke: ({ client, name }) => client.publish(1, { routingKey: name, immediate: true }, 'x'),
  },
  {
    ...connection,
    case: 'basic.qos with prefetch_size',
    code: 540,
    method: [60, 10],
    text: 'prefetch_size!=0 (1024)',
    provoke: ({ client }) => client.send(1, 'basic.qos', { prefetchSize: 1024 }),
  },
  {
    ...connection,
    case: 'basic.recover without requeue',
    code: 540,
    method: [60, 110],
    text: 'requeue=false',
    provoke: ({ client }) => client.send(1, 'basic.recover', { requeue: false }),
  },
  {
    ...connection,
    case: 'basic.recover-async without requeue',
    code: 540,
    method: [60, 100],
    text: 'requeue=false',
    provoke: ({ client }) => client.send(1, 'basic.recover-async', { requeue: false }),
  },
  {
    ...connection,
    case: 'channel.flow(false)',
    code: 540,
    method: [20, 20],
    text: 'active=false',
    provoke: ({ client }) => client.send(1, 'channel.flow', { active: false }),
  },
  {
    ...connection,
    case: 'second channel.open',
    code: 504,
    method: [20, 10],
    text: "second 'channel.open' seen",
    provoke: ({ client }) => client.send(1, 'channel.open'),
  },
  {
    ...connection,
    case: 'method on a channel that is not open',
    code: 504,
    method: [50, 10],
    text: "expected 'channel.open'",
    provoke: ({ client }) => client.send(9, 'queue.declare', { exclusive: true }),
  },
  {
    ...connection,
    case: 'method on a channel that was closed',
    code: 504,
    method: [60, 80],
    text: "expected 'channel.open'",
    provoke: async ({ client }) => {
      await client.call(1, 'channel.close', { replyCode: 200 })
      client.send(1, 'basic.ack', { deliveryTag: 1 })
    },
  },
  {
    ...connection,
    case: 'channel method on channel 0',
    code: 504,
    method: [60, 10],
    text: 'unexpected method in connection state running',
    provoke: ({ client }) => client.send(0, 'basic.qos'),
  },
  {
    ...connection,
    case: 'connection method on a channel',
    code: 503,
    method: [10, 50],
    text: 'unimplemented method',
    provoke: ({ client }) => client.send(1, 'connection.close', { replyCode: 200 }),
  },
  {
    ...connection,
    case: 'a method that only servers send',
    code: 503,
    method: [60, 11],
    text: 'unimplemented method',
    provoke: ({ client }) => client.send(1, 'basic.qos-ok'),
  },
]
