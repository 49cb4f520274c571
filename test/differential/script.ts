// Scripts from a seed: a few queues and exchanges, so that what one operation leaves is met by the next.
import type { Random } from '../../src/lib/random.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import type { MessageProperties, Operation, Table } from './operation.ts'

/** After it, messages with the short time to live are gone. */
const waitMs = 600
/** Longer than a broker needs to come to rest, so that a message is seen before it is gone. */
const shortMs = 250
const longMs = 600_000

type Draw = (script: Script) => Operation

/** Draws operations. Names begin with the seed, so that scripts can run side by side. */
class Script {
  readonly random: Random
  readonly #prefix: string
  #messages = 0
  #tags = 0

  constructor(seed: number) {
    this.random = seededRandom(seed)
    this.#prefix = `d${seed}`
  }

  chance(share: number): boolean {
    return this.random.next() < share
  }

  oneOf<T>(values: readonly T[]): T {
    return values[this.random.below(values.length)] as T
  }

  queue(): string {
    return `${this.#prefix}-q${this.random.below(3)}`
  }

  exchange(): string {
    const named = `${this.#prefix}-x${this.random.below(3)}`
    return this.chance(0.15) ? this.oneOf(['', 'amq.direct', 'amq.topic', 'amq.fanout']) : named
  }

  ownExchange(): string {
    return this.chance(0.05)
      ? this.oneOf(['', 'amq.direct', 'amq.new'])
      : `${this.#prefix}-x${this.random.below(3)}`
  }

  key(): string {
    return this.chance(0.4) ? this.queue() : this.oneOf(['a', 'a.b', 'a.b.c', 'b', '', '#', 'a.*'])
  }

  body(): string {
    return `m${this.#messages++}${'.'.repeat(this.random.below(12))}`
  }

  tag(): string {
    return this.chance(0.1) ? `${this.#prefix}-c0` : `${this.#prefix}-c${this.#tags++}`
  }

  usedTag(): string {
    return `${this.#prefix}-c${this.random.below(this.#tags + 1)}`
  }
}

function queueArguments(script: Script): Table {
  const args: Record<string, unknown> = {}
  if (script.chance(0.35)) {
    args['x-dead-letter-exchange'] = script.exchange()
    if (script.chance(0.5)) args['x-dead-letter-routing-key'] = script.key()
  }
  if (script.chance(0.25)) args['x-message-ttl'] = script.oneOf([0, shortMs, longMs])
  if (script.chance(0.25)) {
    args['x-max-length'] = script.random.below(4)
    if (script.chance(0.5))
      args['x-overflow'] = script.oneOf(['drop-head', 'reject-publish', 'reject-publish-dlx'])
  }
  if (script.chance(0.1)) args['x-max-length-bytes'] = script.random.below(30)
  if (script.chance(0.12)) args['x-max-priority'] = script.oneOf([1, 3, 10])
  if (script.chance(0.08)) args['x-single-active-consumer'] = true
  if (script.chance(0.05)) args['x-expires'] = longMs
  if (script.chance(0.08)) args[script.oneOf(badNames)] = script.oneOf(badValues)
  return args
}

const badNames = [
  'x-message-ttl',
  'x-expires',
  'x-max-length',
  'x-overflow',
  'x-dead-letter-routing-key',
  'x-dead-letter-exchange',
  'x-max-priority',
  'x-queue-type',
  'x-single-active-consumer',
  'x-unknown',
  'x-max-age',
]
const badValues = [-1, 0, 256, 'text', true, 1.5, 12_345_678_901]

function properties(script: Script): MessageProperties {
  const headers: Record<string, unknown> = {}
  if (script.chance(0.1)) headers['CC'] = [script.key(), script.key()]
  if (script.chance(0.05)) headers['BCC'] = [script.key()]
  if (script.chance(0.02)) headers['CC'] = 'no array'
  if (script.chance(0.2)) headers['n'] = script.random.below(3)
  return {
    ...(script.chance(0.2) && { expiration: script.oneOf(['0', `${shortMs}`, `${longMs}`]) }),
    ...(script.chance(0.02) && { expiration: script.oneOf(['x', '-1', '']) }),
    ...(script.chance(0.3) && { priority: script.random.below(12) }),
    ...(Object.keys(headers).length > 0 && { headers }),
    persistent: script.chance(0.5),
  }
}

const drawQueue: Draw = (script) => ({
  kind: 'declareQueue',
  queue: script.chance(0.02) ? 'amq.mine' : script.queue(),
  durable: script.chance(0.6),
  autoDelete: script.chance(0.1),
  exclusive: script.chance(0.1),
  args: queueArguments(script),
})

const drawExchange: Draw = (script) => ({
  kind: 'declareExchange',
  exchange: script.ownExchange(),
  type: script.chance(0.04) ? 'nonsense' : script.oneOf(['direct', 'fanout', 'topic', 'headers']),
  durable: script.chance(0.6),
  autoDelete: script.chance(0.1),
  internal: script.chance(0.05),
  args: script.chance(0.15) ? { 'alternate-exchange': script.exchange() } : {},
})

function drawBinding(script: Script): Operation {
  const isToQueue = script.chance(0.75)
  const isNew = script.chance(0.85)
  const args: Table = script.chance(0.2)
    ? {
        'x-match': script.oneOf(['all', 'any', 'all-with-x', 'nonsense']),
        n: script.random.below(3),
      }
    : {}
  const ends = { source: script.exchange(), key: script.key(), args }
  if (isToQueue) {
    return { kind: isNew ? 'bindQueue' : 'unbindQueue', destination: script.queue(), ...ends }
  }
  return {
    kind: isNew ? 'bindExchange' : 'unbindExchange',
    destination: script.exchange(),
    ...ends,
  }
}

const drawPublish: Draw = (script) => ({
  kind: 'publish',
  exchange: script.chance(0.5) ? '' : script.exchange(),
  key: script.key(),
  mandatory: script.chance(0.2),
  properties: properties(script),
  body: script.body(),
})

const drawConsume: Draw = (script) => ({
  kind: 'consume',
  queue: script.queue(),
  tag: script.tag(),
  noAck: script.chance(0.2),
  exclusive: script.chance(0.1),
  prefetch: script.oneOf([0, 1, 2, 3]),
  args: script.chance(0.15) ? { 'x-priority': script.oneOf([-1, 1, 5]) } : {},
})

const drawSettle: Draw = (script) => ({
  kind: 'settle',
  how: script.oneOf(['ack', 'ack', 'ack', 'nack', 'requeue', 'reject', 'rejectRequeue']),
  place: script.random.next(),
  multiple: script.chance(0.25),
})

function drawTransaction(script: Script): Operation {
  const steps: Operation[] = []
  const count = 1 + script.random.below(4)
  for (let n = 0; n < count; n++)
    steps.push(script.chance(0.6) ? drawPublish(script) : drawGet(script))
  return { kind: 'transaction', steps, end: script.chance(0.7) ? 'commit' : 'rollback' }
}

const drawGet: Draw = (script) => ({
  kind: 'get',
  queue: script.queue(),
  noAck: script.chance(0.3),
})

const weighted: readonly (readonly [weight: number, draw: Draw])[] = [
  [7, drawQueue],
  [4, drawExchange],
  [8, drawBinding],
  [30, drawPublish],
  [10, drawGet],
  [7, drawConsume],
  [14, drawSettle],
  [2, (script) => ({ kind: 'cancel', tag: script.usedTag() })],
  [1, (script) => ({ kind: 'settleUnknown', tag: 1000 + script.random.below(10) })],
  [1, () => ({ kind: 'recover' })],
  [1, () => ({ kind: 'closeChannel' })],
  [2, (script) => ({ kind: 'checkQueue', queue: script.queue() })],
  [1, (script) => ({ kind: 'checkExchange', exchange: script.exchange() })],
  [
    1,
    (script) => ({
      kind: 'deleteQueue',
      queue: script.queue(),
      ifUnused: script.chance(0.3),
      ifEmpty: script.chance(0.3),
    }),
  ],
  [
    1,
    (script) => ({
      kind: 'deleteExchange',
      exchange: script.ownExchange(),
      ifUnused: script.chance(0.3),
    }),
  ],
  [1, (script) => ({ kind: 'purgeQueue', queue: script.queue() })],
  [2, drawTransaction],
  [2, () => ({ kind: 'wait', ms: waitMs })],
]

/** The operations of one seed: first something to work with, then `length` of all kinds. */
export function scriptOf(seed: number, length: number): readonly Operation[] {
  const script = new Script(seed)
  const operations: Operation[] = []
  for (let n = 0; n < 3; n++) operations.push(drawQueue(script))
  for (let n = 0; n < 2; n++) operations.push(drawExchange(script))
  for (let n = 0; n < 3; n++) operations.push(drawBinding(script))
  const total = weighted.reduce((sum, [weight]) => sum + weight, 0)
  while (operations.length < length + 8) {
    let left = script.random.below(total)
    const [, draw] = weighted.find(([weight]) => (left -= weight) < 0) as (typeof weighted)[number]
    operations.push(draw(script))
  }
  return operations
}

/** The queues that a script may declare. */
export function queuesOf(seed: number): readonly string[] {
  return [0, 1, 2].map((n) => `d${seed}-q${n}`)
}

/** The exchanges that a script may declare. */
export function exchangesOf(seed: number): readonly string[] {
  return [0, 1, 2].map((n) => `d${seed}-x${n}`)
}
