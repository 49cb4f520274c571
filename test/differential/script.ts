// Scripts from a seed: a few queues and exchanges, so that what one operation leaves is met by the next.
import { accessDraws, accessPrologue } from './access-script.ts'
import { type Draw, Script, type WeightedDraws } from './draw-script.ts'
import type { MessageProperties, Operation, Table } from './operation.ts'
import { shortMs } from './short-lives.ts'

const waitMs = 600
const longMs = 600_000

/** Without short ones where there are users: waiting for their ends would make steps slow. */
function lifeMs(script: Script): number {
  return script.oneOf(script.hasAccess ? [0, longMs] : [0, shortMs, longMs])
}

function queueArguments(script: Script): Table {
  const args: Record<string, unknown> = {}
  if (script.chance(0.35)) {
    args['x-dead-letter-exchange'] = script.exchange()
    if (script.chance(0.5)) args['x-dead-letter-routing-key'] = script.key()
  }
  if (script.chance(0.25)) args['x-message-ttl'] = lifeMs(script)
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
    ...(script.chance(0.2) && { expiration: `${lifeMs(script)}` }),
    ...(script.chance(0.02) && { expiration: script.oneOf(['x', '-1', '']) }),
    ...(script.chance(0.3) && { priority: script.random.below(12) }),
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(script.hasAccess && script.chance(0.15) && { userId: script.user() }),
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

const ordinaryDraws: WeightedDraws = [
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

/** Which script of a seed, and how long. */
export interface ScriptChoice {
  readonly seed: number
  readonly length: number
  /** With users, virtual hosts and rights that change on the way. */
  readonly hasAccess: boolean
}

/** The operations of one seed: first something to work with, then `length` of all kinds. */
export function scriptOf({ seed, length, hasAccess }: ScriptChoice): readonly Operation[] {
  const script = new Script(seed, hasAccess)
  const operations: Operation[] = hasAccess ? [...accessPrologue(script)] : []
  for (let n = 0; n < 3; n++) operations.push(drawQueue(script))
  for (let n = 0; n < 2; n++) operations.push(drawExchange(script))
  for (let n = 0; n < 3; n++) operations.push(drawBinding(script))
  const draws = hasAccess ? [...ordinaryDraws, ...accessDraws] : ordinaryDraws
  for (let n = 0; n < length; n++) {
    const next = script.chance(0.5) ? script.soon.shift() : undefined
    operations.push(next ?? script.drawOf(draws))
  }
  return operations
}

/** All that a script may make. */
export interface ScriptNames {
  readonly queues: readonly string[]
  readonly users: readonly string[]
  /** Its own, so that scripts side by side do not meet at `amq.fanout`; all else in them goes with them. */
  readonly home: string
  readonly vhost: string
}

export function namesOf(seed: number): ScriptNames {
  const numbered = (name: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, n) => `d${seed}${name}${n}`)
  return {
    queues: numbered('-q', 3),
    users: numbered('.u', 2),
    home: `d${seed}-h`,
    vhost: `d${seed}-v`,
  }
}
