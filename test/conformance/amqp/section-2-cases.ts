// One row per line of facts section 2 that says which error a client gets. Each row provokes its
// error on channel 1 of a fresh connection; `section-2.test.ts` checks scope, code, method and text.

import type { RawClient } from '../../support/raw-client.ts'
import { encodeTable, type RawArguments, type RawField } from '../../support/raw-codec.ts'

/** What a row may use: names that no other row has, and a queue another connection locks. */
export interface ErrorContext {
  readonly client: RawClient
  readonly name: string
  /** Exclusive to another connection. */
  readonly locked: string
}

export interface ErrorCase {
  readonly case: string
  readonly code: number
  readonly closes: 'channel' | 'connection'
  /** Class and method of the failing method; none = 0.0. */
  readonly method?: readonly [classId: number, methodId: number]
  /** Reply text after "CODE_NAME - ". */
  readonly text: string | ((context: ErrorContext) => string)
  readonly rabbitmq310?: string
  readonly provoke: (context: ErrorContext) => void | Promise<void>
}

const names: Record<number, string> = {
  403: 'ACCESS_REFUSED',
  404: 'NOT_FOUND',
  405: 'RESOURCE_LOCKED',
  406: 'PRECONDITION_FAILED',
  503: 'COMMAND_INVALID',
  504: 'CHANNEL_ERROR',
  530: 'NOT_ALLOWED',
  540: 'NOT_IMPLEMENTED',
}

/** The whole reply text of a row. */
export function replyTextOf(row: ErrorCase, context: ErrorContext): string {
  const explanation = typeof row.text === 'string' ? row.text : row.text(context)
  return `${names[row.code]} - ${explanation}`
}

/** Sends one method with arguments made from the row's name. */
function sends(
  method: string,
  args: (context: ErrorContext) => RawArguments,
): (context: ErrorContext) => void {
  return (context) => context.client.send(1, method, args(context))
}

const noQueue = ({ name }: ErrorContext): string => `no queue '${name}' in vhost '/'`
const noExchange = ({ name }: ErrorContext): string => `no exchange '${name}' in vhost '/'`
const lockedText = ({ locked }: ErrorContext): string =>
  `cannot obtain exclusive access to locked queue '${locked}' in vhost '/'. It could be originally ` +
  'declared on another connection or the exclusive property value does not match that of the ' +
  'original declaration.'
const channel = { closes: 'channel' } as const
const defaultExchange = 'operation not permitted on the default exchange'

export const missingCases: readonly ErrorCase[] = [
  {
    ...channel,
    case: 'passive declare of a missing queue',
    code: 404,
    method: [50, 10],
    text: noQueue,
    provoke: sends('queue.declare', ({ name }) => ({ queue: name, passive: true })),
  },
  {
    ...channel,
    case: 'passive declare of a missing exchange',
    code: 404,
    method: [40, 10],
    text: noExchange,
    provoke: sends('exchange.declare', ({ name }) => ({
      exchange: name,
      type: 'direct',
      passive: true,
    })),
  },
  {
    ...channel,
    case: 'consume from a missing queue',
    code: 404,
    method: [60, 20],
    text: noQueue,
    provoke: sends('basic.consume', ({ name }) => ({ queue: name })),
  },
  {
    ...channel,
    case: 'get from a missing queue',
    code: 404,
    method: [60, 70],
    text: noQueue,
    provoke: sends('basic.get', ({ name }) => ({ queue: name })),
  },
  {
    ...channel,
    case: 'purge of a missing queue',
    code: 404,
    method: [50, 30],
    text: noQueue,
    provoke: sends('queue.purge', ({ name }) => ({ queue: name })),
  },
  {
    ...channel,
    case: 'bind of a missing queue',
    code: 404,
    method: [50, 20],
    text: noQueue,
    provoke: sends('queue.bind', ({ name }) => ({ queue: name, exchange: 'amq.direct' })),
  },
  {
    ...channel,
    case: 'bind to a missing exchange',
    code: 404,
    method: [50, 20],
    text: noExchange,
    provoke: async ({ client, name }) => {
      await client.call(1, 'queue.declare', { exclusive: true })
      client.send(1, 'queue.bind', { exchange: name })
    },
  },
  {
    ...channel,
    case: 'exchange.bind to a missing destination',
    code: 404,
    method: [40, 30],
    text: noExchange,
    provoke: sends('exchange.bind', ({ name }) => ({ destination: name, source: 'amq.fanout' })),
  },
  {
    ...channel,
    case: 'publish to a missing exchange',
    code: 404,
    method: [60, 40],
    text: noExchange,
    provoke: ({ client, name }) => client.publish(1, { exchange: name }, 'lost'),
  },
  ...(
    [
      ['basic.get', 60, 70],
      ['basic.consume', 60, 20],
      ['queue.bind', 50, 20],
      ['queue.unbind', 50, 50],
      ['queue.purge', 50, 30],
      ['queue.delete', 50, 40],
    ] as const
  ).map(([method, classId, methodId]): ErrorCase => ({
    ...channel,
    case: `${method} without a queue name before any declare`,
    code: 404,
    method: [classId, methodId],
    text: 'no previously declared queue',
    provoke: sends(method, () => ({ exchange: 'amq.fanout' })),
  })),
  {
    ...channel,
    case: 'passive declare without a queue name',
    code: 404,
    method: [50, 10],
    text: "no queue '' in vhost '/'",
    provoke: sends('queue.declare', () => ({ passive: true })),
  },
]

export const refusedCases: readonly ErrorCase[] = [
  ...(['queue.bind', 'queue.unbind'] as const).map((method): ErrorCase => ({
    ...channel,
    case: `${method} of a missing queue on the default exchange`,
    code: 403,
    method: [50, method === 'queue.bind' ? 20 : 50],
    text: defaultExchange,
    provoke: sends(method, ({ name }) => ({ queue: name, exchange: '', routingKey: 'k' })),
  })),
  {
    ...channel,
    case: 'queue.bind of a missing queue to a missing exchange',
    code: 404,
    method: [50, 20],
    text: noExchange,
    provoke: sends('queue.bind', ({ name }) => ({ queue: name, exchange: name })),
  },
  ...(['queue.bind', 'queue.unbind'] as const).map((method): ErrorCase => ({
    ...channel,
    case: `${method} on the default exchange`,
    code: 403,
    method: [50, method === 'queue.bind' ? 20 : 50],
    text: defaultExchange,
    provoke: async ({ client }) => {
      await client.call(1, 'queue.declare', { exclusive: true })
      client.send(1, method, { exchange: '', routingKey: 'k' })
    },
  })),
  ...(['exchange.bind', 'exchange.unbind'] as const).map((method): ErrorCase => ({
    ...channel,
    case: `${method} from the default exchange`,
    code: 403,
    method: [40, method === 'exchange.bind' ? 30 : 40],
    text: defaultExchange,
    provoke: sends(method, () => ({ source: '', destination: 'amq.fanout' })),
  })),
  {
    ...channel,
    case: 'declare of the default exchange',
    code: 403,
    method: [40, 10],
    text: defaultExchange,
    provoke: sends('exchange.declare', () => ({ exchange: '', type: 'direct' })),
  },
  {
    ...channel,
    case: 'delete of the default exchange',
    code: 403,
    method: [40, 20],
    text: defaultExchange,
    provoke: sends('exchange.delete', () => ({ exchange: '' })),
  },
  {
    ...channel,
    case: 'declare of a queue named amq.*',
    code: 403,
    method: [50, 10],
    text: "queue name 'amq.mine' contains reserved prefix 'amq.*'",
    provoke: sends('queue.declare', () => ({ queue: 'amq.mine' })),
  },
  {
    ...channel,
    case: 'declare of an exchange named amq.*',
    code: 403,
    method: [40, 10],
    text: "exchange name 'amq.mine' contains reserved prefix 'amq.*'",
    provoke: sends('exchange.declare', () => ({ exchange: 'amq.mine', type: 'fanout' })),
  },
  {
    ...channel,
    case: 'passive declare of a missing queue named amq.* (404, not 403)',
    code: 404,
    method: [50, 10],
    text: "no queue 'amq.mine' in vhost '/'",
    provoke: sends('queue.declare', () => ({ queue: 'amq.mine', passive: true })),
  },
  {
    ...channel,
    case: 'delete of a predeclared exchange',
    code: 403,
    method: [40, 20],
    text: "deletion of system exchange 'amq.direct' in vhost '/' not allowed",
    provoke: sends('exchange.delete', () => ({ exchange: 'amq.direct' })),
  },
  {
    ...channel,
    case: 'publish to an internal exchange',
    code: 403,
    method: [60, 40],
    text: ({ name }) => `cannot publish to internal exchange '${name}' in vhost '/'`,
    provoke: async ({ client, name }) => {
      const args = { exchange: name, type: 'fanout', internal: true, autoDelete: true }
      await client.call(1, 'exchange.declare', args)
      client.publish(1, { exchange: name }, 'x')
    },
  },
  {
    ...channel,
    case: 'a second consumer of a queue consumed exclusively',
    code: 403,
    method: [60, 20],
    text: ({ name }) => `queue '${name}' in vhost '/' in exclusive use`,
    provoke: async ({ client, name }) => {
      await client.call(1, 'queue.declare', { queue: name, exclusive: true })
      await client.call(1, 'basic.consume', { queue: name, exclusive: true })
      client.send(1, 'basic.consume', { queue: name })
    },
  },
  {
    ...channel,
    case: 'an exclusive consumer of a queue that has consumers',
    code: 403,
    method: [60, 20],
    text: ({ name }) => `queue '${name}' in vhost '/' in exclusive use`,
    provoke: async ({ client, name }) => {
      await client.call(1, 'queue.declare', { queue: name, exclusive: true })
      await client.call(1, 'basic.consume', { queue: name })
      client.send(1, 'basic.consume', { queue: name, exclusive: true })
    },
  },
]

const lockedMethods: readonly (readonly [string, number, number, RawArguments])[] = [
  ['queue.declare', 50, 10, { exclusive: true }],
  ['queue.declare', 50, 10, { passive: true }],
  ['queue.bind', 50, 20, { exchange: 'amq.fanout' }],
  ['queue.purge', 50, 30, {}],
  ['queue.delete', 50, 40, {}],
  ['basic.consume', 60, 20, {}],
  ['basic.get', 60, 70, {}],
]

export const lockedCases: readonly ErrorCase[] = [
  ...lockedMethods.map(([method, classId, methodId, args]): ErrorCase => ({
    ...channel,
    case: `${method} ${JSON.stringify(args)} on an exclusive queue of another connection`,
    code: 405,
    method: [classId, methodId],
    text: lockedText,
    provoke: sends(method, ({ locked }) => ({ queue: locked, ...args })),
  })),
  {
    ...channel,
    case: 'redeclare of a shared queue as exclusive',
    code: 405,
    method: [50, 10],
    text: ({ name, client }) => lockedText({ locked: name, name, client }),
    provoke: async ({ client, name }) => {
      await client.call(1, 'queue.declare', { queue: name, autoDelete: true })
      client.send(1, 'queue.declare', { queue: name, autoDelete: true, exclusive: true })
    },
  },
  {
    ...channel,
    case: 'redeclare of an exclusive queue as shared, by its owner',
    code: 405,
    method: [50, 10],
    text: ({ name, client }) => lockedText({ locked: name, name, client }),
    provoke: async ({ client, name }) => {
      await client.call(1, 'queue.declare', { queue: name, exclusive: true })
      client.send(1, 'queue.declare', { queue: name })
    },
  },
]

/** Argument, its value, what RabbitMQ says about it. */
const queueArguments: readonly (readonly [string, RawField, string])[] = [
  ['x-queue-type', ['S', 'strange'], `"unsupported queue type 'strange'"`],
  ['x-message-ttl', ['I', -1], '{value_negative,-1}'],
  ['x-message-ttl', ['S', 'x'], '"expected integer, got longstr"'],
  ['x-expires', ['I', 0], '{value_zero,0}'],
  ['x-max-length', ['l', -5], '{value_negative,-5}'],
]

export const argumentCases: readonly ErrorCase[] = [
  {
    ...channel,
    case: 'unknown exchange type',
    code: 406,
    method: [40, 10],
    text: "unknown exchange type 'strange'",
    rabbitmq310: 'closes the connection with 503',
    provoke: sends('exchange.declare', ({ name }) => ({ exchange: name, type: 'strange' })),
  },
  {
    ...channel,
    case: 'headers binding with a strange x-match',
    code: 406,
    method: [50, 20],
    text: 'Invalid x-match field value <<"some">>; expected all, any, all-with-x, or any-with-x',
    provoke: async ({ client }) => {
      await client.call(1, 'queue.declare', { exclusive: true })
      const table = encodeTable({ 'x-match': ['S', 'some'] })
      client.send(1, 'queue.bind', { exchange: 'amq.headers', arguments: table })
    },
  },
  ...queueArguments.map(([name, field, text]): ErrorCase => ({
    ...channel,
    case: `queue argument ${name} = ${JSON.stringify(field)}`,
    code: 406,
    method: [50, 10],
    text: (context) => `invalid arg '${name}' for queue '${context.name}' in vhost '/': ${text}`,
    provoke: sends('queue.declare', (context) => ({
      queue: context.name,
      exclusive: true,
      arguments: encodeTable({ [name]: field }),
    })),
  })),
  {
    ...channel,
    case: 'alternate exchange that is not a string',
    code: 406,
    method: [40, 10],
    text: ({ name }) =>
      `invalid type 'signedint' for arg 'alternate-exchange' in exchange '${name}' in vhost '/'`,
    provoke: sends('exchange.declare', ({ name }) => ({
      exchange: name,
      type: 'direct',
      arguments: encodeTable({ 'alternate-exchange': ['I', 1] }),
    })),
  },
  {
    ...channel,
    case: 'consumer priority that is not a number',
    code: 406,
    method: [60, 20],
    text: ({ name }) =>
      `invalid arg 'x-priority' for queue '${name}' in vhost '/': "expected integer, got longstr"`,
    provoke: async ({ client, name }) => {
      await client.call(1, 'queue.declare', { queue: name, exclusive: true })
      const table = encodeTable({ 'x-priority': ['S', 'x'] })
      client.send(1, 'basic.consume', { queue: name, arguments: table })
    },
  },
]
