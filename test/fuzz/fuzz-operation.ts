// One valid thing that a client may do next, as frames: the raw material that fuzzing damages. What
// is valid depends on what the connection has been told so far, so operations are made one by one.

import type { Random } from '../../src/lib/random.ts'
import {
  encodeFrame,
  encodeMethod,
  encodeTable,
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
  longstr,
  type RawArguments,
  type RawTable,
  uint16,
  uint64,
} from '../support/raw-codec.ts'
import { queues, workQueues } from './fuzz-queues.ts'

/** What the client knows of one of its channels. */
export interface FuzzChannel {
  readonly number: number
  mode: 'plain' | 'confirm' | 'tx'
  readonly tags: string[]
  /** Deliveries that are not acked yet. */
  unacked: number[]
}

const delaying: RawTable = { 'x-delayed-type': ['S', 'topic'] }

const exchanges = [
  { exchange: 'fz-direct', type: 'direct', durable: true },
  { exchange: 'fz-fanout', type: 'fanout' },
  { exchange: 'fz-topic', type: 'topic', autoDelete: true },
  { exchange: 'fz-headers', type: 'headers' },
]
const delayExchange = {
  exchange: 'fz-delay',
  type: 'x-delayed-message',
  durable: true,
  arguments: encodeTable(delaying),
}
const onceExchange = {
  exchange: 'fz-once',
  type: 'x-message-deduplication',
  durable: true,
  arguments: encodeTable({ 'x-cache-size': ['I', 3], 'x-cache-ttl': ['I', 5] }),
}
const keys = [...queues.map(({ queue }) => queue), 'a.b.c', '#', 'a.*.c', '']
/** What the property holds, and seldom what it may not. */
const expirations = ['0', '1', '5', '60000', '', '-1', '1.5', 'x']
const bodySizes = [0, 1, 17, 300, 3000, 20_000, 70_000]
const args: RawTable = {
  'x-match': ['S', 'any'],
  number: ['I', -5],
  long: ['l', 5],
  nested: [
    'F',
    {
      list: [
        'A',
        [
          ['t', true],
          ['V', undefined],
          ['S', 'text'],
        ],
      ],
    },
  ],
}

const headersOf: readonly RawTable[] = [
  args,
  { BCC: ['A', [['S', 'fz-durable']]], CC: ['A', [['S', 'a.b.c']]] },
  { 'x-delay': ['I', 4] },
  { 'x-delay': ['I', 60_000] },
  { 'x-delay': ['S', 'soon'] },
  { 'x-deduplication-header': ['S', 'a'] },
  { 'x-deduplication-header': ['S', 'b'], 'x-cache-ttl': ['I', 0] },
  { 'x-deduplication-header': ['A', [['I', 1]]], 'x-cache-ttl': ['S', 'long'] },
]

type MakeOperation = (channel: FuzzChannel, random: Random) => Buffer[]

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)] as T
}

function method(channel: number, name: string, given: RawArguments = {}): Buffer {
  return encodeFrame(FRAME_METHOD, channel, encodeMethod(name, given))
}

function table(random: Random): Buffer {
  return random.below(3) === 0 ? encodeTable(args) : Buffer.alloc(0)
}

function contentHeader(random: Random, bodySize: number): Buffer {
  const base = [uint16(60), uint16(0), uint64(bodySize)]
  if (random.below(3) === 0) return Buffer.concat([...base, uint16(0)])
  const headers = encodeTable(pick(random, headersOf))
  const deliveryMode = Buffer.from([1 + random.below(2)])
  const always = (1 << 13) | (1 << 12)
  if (random.below(2) === 0) {
    return Buffer.concat([...base, uint16(always), longstr(headers), deliveryMode])
  }
  const valid = random.below(20) > 0
  const expiration = Buffer.from(pick(random, valid ? expirations.slice(0, 4) : expirations))
  const priority = random.below(12)
  // Priority stands before the expiration; what is between them is left out.
  const flags = always | (1 << 11) | (1 << 8)
  const last = Buffer.concat([Buffer.from([priority, expiration.length]), expiration])
  return Buffer.concat([...base, uint16(flags), longstr(headers), deliveryMode, last])
}

const publish: MakeOperation = ({ number }, random) => {
  const size = pick(random, bodySizes)
  const exchange = pick(random, [
    '',
    '',
    'amq.fanout',
    'amq.topic',
    'fz-direct',
    'amq.headers',
    'fz-delay',
    'fz-once',
  ])
  const routingKey = pick(random, keys)
  const mandatory = random.below(4) === 0
  const frames = [
    method(number, 'basic.publish', { exchange, routingKey, mandatory }),
    encodeFrame(FRAME_HEADER, number, contentHeader(random, size)),
  ]
  const frameSize = Math.max(1, Math.min(4000, Math.ceil(size / (1 + random.below(4)))))
  for (let from = 0; from < size; from += frameSize) {
    const body = Buffer.alloc(Math.min(frameSize, size - from), 'x')
    frames.push(encodeFrame(FRAME_BODY, number, body))
  }
  return frames
}

const consume: MakeOperation = (channel, random) => {
  const consumerTag = `tag-${channel.tags.length}`
  channel.tags.push(consumerTag)
  const { queue } = pick(random, workQueues)
  const noAck = random.below(2) === 0
  return [method(channel.number, 'basic.consume', { queue, consumerTag, noAck })]
}

const settle: MakeOperation = (channel, random) => {
  const at = random.below(channel.unacked.length)
  const deliveryTag = channel.unacked[at]
  if (deliveryTag === undefined) return [method(channel.number, 'basic.qos', { prefetchCount: 3 })]
  const multiple = random.below(3) === 0
  channel.unacked = multiple ? channel.unacked.slice(at + 1) : channel.unacked.toSpliced(at, 1)
  const name = pick(random, ['basic.ack', 'basic.ack', 'basic.nack', 'basic.reject'])
  if (name === 'basic.reject' && multiple)
    return [method(channel.number, 'basic.nack', { deliveryTag, multiple })]
  const requeue = random.below(2) === 0
  return [method(channel.number, name, { deliveryTag, multiple, requeue })]
}

const transact: MakeOperation = (channel, random) => {
  if (channel.mode === 'confirm') return publish(channel, random)
  const select = channel.mode === 'tx' ? [] : [method(channel.number, 'tx.select')]
  channel.mode = 'tx'
  const end = method(channel.number, pick(random, ['tx.commit', 'tx.commit', 'tx.rollback']))
  return [...select, ...publish(channel, random), ...settle(channel, random), end]
}

const confirm: MakeOperation = (channel, random) => {
  if (channel.mode === 'tx') return publish(channel, random)
  channel.mode = 'confirm'
  return [method(channel.number, 'confirm.select'), ...publish(channel, random)]
}

const requestReply: MakeOperation = ({ number, tags }) => {
  const queue = 'amq.rabbitmq.reply-to'
  const consumerTag = `tag-${tags.length}`
  tags.push(consumerTag)
  const replyTo = Buffer.concat([uint16(1 << 9), Buffer.from([queue.length]), Buffer.from(queue)])
  const header = Buffer.concat([uint16(60), uint16(0), uint64(0), replyTo])
  return [
    method(number, 'basic.consume', { queue, noAck: true, consumerTag }),
    method(number, 'basic.publish', { routingKey: 'fz-transient' }),
    encodeFrame(FRAME_HEADER, number, header),
  ]
}

const simple: readonly MakeOperation[] = [
  ({ number }, random) => [
    method(number, 'exchange.declare', { ...pick(random, exchanges), arguments: table(random) }),
  ],
  ({ number }, random) => {
    const queue = pick(random, queues).queue
    return [
      method(number, 'exchange.declare', delayExchange),
      method(number, 'queue.bind', { queue, exchange: 'fz-delay', routingKey: '#' }),
    ]
  },
  ({ number }, random) => {
    const queue = pick(random, queues).queue
    return [
      method(number, 'exchange.declare', onceExchange),
      method(number, 'queue.bind', { queue, exchange: 'fz-once' }),
    ]
  },
  ({ number }, random) => [
    method(number, 'exchange.delete', { exchange: pick(random, ['fz-delay', 'fz-once']) }),
  ],
  ({ number }, random) => [
    method(number, 'exchange.delete', { exchange: pick(random, exchanges).exchange }),
  ],
  ({ number }, random) => {
    const [destination, source] = [pick(random, exchanges).exchange, 'amq.topic']
    const ends = { destination, source, routingKey: pick(random, keys) }
    const bound = [
      method(number, 'exchange.declare', { exchange: destination, type: 'direct', passive: true }),
    ]
    return [...bound, method(number, pick(random, ['exchange.bind', 'exchange.unbind']), ends)]
  },
  ({ number }, random) => {
    const { queue } = pick(random, queues)
    const exchange = pick(random, ['amq.direct', 'amq.fanout', 'amq.topic', 'amq.headers'])
    const binding = { queue, exchange, routingKey: pick(random, keys), arguments: table(random) }
    return [method(number, pick(random, ['queue.bind', 'queue.bind', 'queue.unbind']), binding)]
  },
  ({ number }, random) => [
    method(number, 'queue.purge', { queue: pick(random, workQueues).queue }),
  ],
  ({ number }, random) => [
    method(number, 'queue.delete', { queue: pick(random, workQueues).queue }),
  ],
  ({ number }, random) => [method(number, 'basic.get', { queue: pick(random, workQueues).queue })],
  ({ number }, random) => [
    method(number, 'basic.qos', { prefetchCount: random.below(5), global: random.below(2) === 0 }),
  ],
  ({ number }) => [method(number, 'basic.recover', { requeue: true })],
  ({ number }) => [method(number, 'channel.flow', { active: true })],
  ({ number }) => [method(number, 'access.request', { realm: '/data' })],
  ({ number, tags }) => [method(number, 'basic.cancel', { consumerTag: tags.at(-1) ?? 'none' })],
  () => [encodeFrame(FRAME_HEARTBEAT, 0, Buffer.alloc(0))],
  () => [method(0, 'connection.update-secret', { newSecret: 's', reason: 'r' })],
]

const declare: MakeOperation = ({ number }, random) => [
  method(number, 'queue.declare', pick(random, queues)),
]

const weighted: readonly MakeOperation[] = [
  ...simple,
  ...Array<MakeOperation>(4).fill(declare),
  ...Array<MakeOperation>(8).fill(publish),
  ...Array<MakeOperation>(3).fill(consume),
  ...Array<MakeOperation>(6).fill(settle),
  ...Array<MakeOperation>(3).fill(transact),
  confirm,
  requestReply,
]

/** Frames of the next operation on `channel`. */
export function nextOperation(channel: FuzzChannel, random: Random): Buffer[] {
  return pick(random, weighted)(channel, random)
}

/** Frames that declare every queue, what delays and what deduplicates, so that most operations find theirs. */
export function declareAll(channel: number): Buffer[] {
  const declared = [delayExchange, onceExchange].map((exchange) =>
    method(channel, 'exchange.declare', exchange),
  )
  return [...declared, ...queues.map((queue) => method(channel, 'queue.declare', queue))]
}

/** The handshake's frames after the protocol header, each to be sent when the server has answered. */
export function handshakeFrames(random: Random): Buffer[] {
  const frameMax = pick(random, [4096, 8192, 131_072])
  const clientProperties = encodeTable({
    capabilities: ['F', { authentication_failure_close: ['t', true] }],
  })
  const login = { mechanism: 'PLAIN', response: Buffer.from('\0guest\0guest'), locale: 'en_US' }
  return [
    method(0, 'connection.start-ok', { clientProperties, ...login }),
    method(0, 'connection.tune-ok', { channelMax: 2047, frameMax, heartbeat: 0 }),
    method(0, 'connection.open', { virtualHost: '/' }),
  ]
}

export const closeFrame: Buffer = method(0, 'connection.close', { replyCode: 200 })
export const closeOkFrame: Buffer = method(0, 'connection.close-ok')

export function openFrame(channel: number): Buffer {
  return method(channel, 'channel.open')
}

export function channelCloseOkFrame(channel: number): Buffer {
  return method(channel, 'channel.close-ok')
}
