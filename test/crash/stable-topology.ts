// The queues and exchanges that exist through all rounds.

import type { Channel } from 'amqplib'
import type { Random } from '../../src/lib/random.ts'

export interface Route {
  readonly exchange: string
  readonly routingKey: string
  readonly queues: readonly string[]
}

/** Queues that get messages through the default exchange. */
export const workQueues: readonly string[] = ['work.0', 'work.1', 'work.2', 'work.3']
const exchangeQueues = ['fan.a', 'fan.b', 'fan.c', 'topic.a', 'topic.b']

/** What transactions take from and put into. */
export const transactionSource = 'tx.in'
export const transactionTarget = 'tx.out'
/** Where consumers publish when they want a confirm of their own. */
export const onwardQueue = 'onward'
/** Consumed without acks. */
export const looseQueue = 'loose'

/** Those with priorities, and the highest that each has. */
export const highestPriorities: ReadonlyMap<string, number> = new Map([
  ['work.3', 5],
  ['fan.c', 9],
])

export const stableQueues: readonly string[] = [
  ...workQueues,
  ...exchangeQueues,
  transactionSource,
  transactionTarget,
  onwardQueue,
  looseQueue,
]

/** Queues that anyone may consume with acks. */
export const consumedQueues: readonly string[] = [
  ...workQueues,
  ...exchangeQueues,
  transactionTarget,
  onwardQueue,
]

export const fanOut: Route = {
  exchange: 'fan',
  routingKey: '',
  queues: ['fan.a', 'fan.b', 'fan.c'],
}

const routes: readonly Route[] = [
  ...[...workQueues, transactionSource, looseQueue].map(directTo),
  fanOut,
  fanOut,
  { exchange: 'topic', routingKey: 'user.created', queues: ['topic.a', 'topic.b'] },
  { exchange: 'topic', routingKey: 'user.gone', queues: ['topic.a'] },
  { exchange: 'topic', routingKey: 'order.item.created', queues: ['topic.b'] },
]

export function directTo(queue: string): Route {
  return { exchange: '', routingKey: queue, queues: [queue] }
}

export function chooseRoute(random: Random): Route {
  return routes[random.below(routes.length)] as Route
}

/** Declares everything, which must be there as it is from the second time on. */
export async function declareStableTopology(channel: Channel): Promise<void> {
  await channel.assertExchange('fan', 'fanout', { durable: true })
  await channel.assertExchange('topic', 'topic', { durable: true })
  for (const queue of stableQueues) {
    const maxPriority = highestPriorities.get(queue)
    const options = { durable: true, ...(maxPriority !== undefined && { maxPriority }) }
    await channel.assertQueue(queue, options)
  }
  for (const queue of fanOut.queues) await channel.bindQueue(queue, 'fan', '')
  await channel.bindQueue('topic.a', 'topic', 'user.*')
  await channel.bindQueue('topic.b', 'topic', '#.created')
}

/** Throws what the broker answers when something is missing; declares nothing. */
export async function checkStableTopology(channel: Channel): Promise<void> {
  for (const exchange of ['fan', 'topic']) await channel.checkExchange(exchange)
  for (const queue of stableQueues) await channel.checkQueue(queue)
}
