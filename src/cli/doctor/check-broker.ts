// What there is to say about a broker, by what its HTTP API tells at two moments.
import type { Address } from '../../lib/listen.ts'
import { doctorLimits } from '../../limits/doctor.ts'
import { fail, type Finding, ok, warn } from './finding.ts'

const MiB = 1024 * 1024

/** What `/api/status` answers, as far as it is looked at here. */
export interface StatusFacts {
  readonly state: string
  readonly version: string
  readonly blockedReason?: string
  /** Service → where it listens. */
  readonly addresses: Readonly<Record<string, Address>>
  readonly memory: { readonly inUseBytes: number; readonly watermarkBytes: number }
}

/** What `/api/queues` answers of each. */
export interface QueueFacts {
  readonly vhost: string
  readonly name: string
  readonly type: string
  readonly messages_ready: number
  readonly messages_unacknowledged: number
  readonly consumers: number
}

/** What `/api/v1/dead-letters` answers of each queue for them. */
export interface DeadLetterFacts {
  readonly queue: string
  readonly messages: number
}

const adviceOn: Readonly<Record<string, string>> = {
  starting: 'it reads its data: wait until it is ready',
  frozen: 'PostgreSQL does not answer it: look at PostgreSQL and at the way there',
  maintenance: 'it was drained: pabal revive lets clients in',
}

export function checkStatus(status: Omit<StatusFacts, 'addresses'>, program: string): Finding[] {
  const { state, version, blockedReason, memory } = status
  const share = memory.inUseBytes / memory.watermarkBytes
  const used = `${Math.round(memory.inUseBytes / MiB)} MiB, ${Math.round(share * 100)} % of the watermark`
  return [
    state === 'ready'
      ? ok('broker', `${version}, ready`)
      : fail('broker', `${version}, ${state}`, adviceOn[state] ?? 'see its log'),
    version === program
      ? ok('version', `the program's is the same`)
      : warn(
          'version',
          `the broker's is ${version}, the program's ${program}`,
          'restart the broker',
        ),
    blockedReason === undefined
      ? ok('publishers', 'none are blocked')
      : fail(
          'publishers',
          `blocked: ${blockedReason}`,
          'free what is short; they go on by themselves',
        ),
    share < doctorLimits.memoryShareMax
      ? ok('broker memory', used)
      : warn('broker memory', used, 'see what clients hold: pabal status -o json'),
  ]
}

/** `before` and `now` are some seconds apart. Streams are not emptied by whoever reads them. */
export function checkQueues(before: readonly QueueFacts[], now: readonly QueueFacts[]): Finding[] {
  const earlier = new Map(before.map((queue) => [keyOf(queue), queue]))
  const pairs = now
    .filter(({ type }) => type !== 'stream')
    .flatMap((queue) => {
      const old = earlier.get(keyOf(queue))
      return old === undefined ? [] : [{ queue, old }]
    })
  const { piledMin } = doctorLimits
  const abandoned = pairs.filter(
    ({ queue, old }) => queue.consumers === 0 && queue.messages_ready > old.messages_ready,
  )
  const stuck = pairs.filter(
    ({ queue, old }) =>
      queue.messages_unacknowledged >= piledMin &&
      queue.messages_ready >= old.messages_ready &&
      queue.messages_unacknowledged === old.messages_unacknowledged,
  )
  return [
    abandoned.length === 0
      ? ok('queues', `${now.length}, none grows without a consumer`)
      : warn(
          'queues',
          `${namesOf(abandoned)} without a consumer, and growing`,
          'start a consumer, or set a limit by a policy',
        ),
    stuck.length === 0
      ? ok('unacked', 'consumers ack')
      : warn(
          'unacked',
          `${namesOf(stuck)} with ${piledMin} or more messages that nobody acks`,
          'see what the consumers wait for: pabal consumer list',
        ),
  ]
}

export function checkDeadLetters(queues: readonly DeadLetterFacts[]): Finding {
  const piled = queues.filter(({ messages }) => messages >= doctorLimits.piledMin)
  const total = queues.reduce((sum, { messages }) => sum + messages, 0)
  if (piled.length === 0) return ok('dead letters', `${total}`)
  const [first] = piled.toSorted((a, b) => b.messages - a.messages)
  return warn(
    'dead letters',
    `${total}, most in '${first?.queue}'`,
    `see why: pabal dlq show ${first?.queue}`,
  )
}

function namesOf(pairs: readonly { readonly queue: QueueFacts }[]): string {
  const { namedMax } = doctorLimits
  const names = pairs.slice(0, namedMax).map(({ queue }) => `'${queue.name}'`)
  const others = pairs.length - names.length
  return others > 0 ? `${names.join(', ')} and ${others} more` : names.join(', ')
}

function keyOf({ vhost, name }: QueueFacts): string {
  return JSON.stringify([vhost, name])
}
