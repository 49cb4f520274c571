// Queues that messages leave for others: rejected, expired, come back too often. Each has one dead-letter
// target, so that a message's way is known: the queues it may be in, in their order.

import type { Channel } from 'amqplib'

/** The queues that a message goes through, the last of which keeps it. */
export type Way = readonly string[]

interface MovingQueue {
  readonly name: string
  readonly next?: string
  readonly arguments?: Readonly<Record<string, unknown>>
}

const expiring = { 'x-message-ttl': 150 }
/** All wait as long as each other before their next try: what was returned first is back first. */
const returning = {
  'x-queue-type': 'quorum',
  'x-delivery-limit': 2,
  'x-delayed-retry-type': 'all',
  'x-delayed-retry-min': 40,
  'x-delayed-retry-max': 40,
}

const queues: readonly MovingQueue[] = [
  { name: 'moved.work', next: 'moved.work.dead' },
  { name: 'moved.ttl', next: 'moved.ttl.middle', arguments: expiring },
  { name: 'moved.ttl.middle', next: 'moved.ttl.dead', arguments: { 'x-message-ttl': 60 } },
  { name: 'moved.levels', next: 'moved.levels.dead', arguments: { 'x-max-priority': 9 } },
  { name: 'moved.quorum', next: 'moved.quorum.dead', arguments: returning },
  { name: 'moved.work.dead' },
  { name: 'moved.ttl.dead' },
  { name: 'moved.levels.dead' },
  { name: 'moved.quorum.dead' },
]

/** Takes what is published for its confirm alone, and keeps one of it. */
export const markQueue = 'moved.marks'

export const returningQueue = 'moved.quorum'

export const movingQueueNames: readonly string[] = [...queues.map(({ name }) => name), markQueue]

export const ways: readonly Way[] = [
  ['moved.work', 'moved.work.dead'],
  ['moved.ttl', 'moved.ttl.middle', 'moved.ttl.dead'],
  ['moved.levels', 'moved.levels.dead'],
  ['moved.quorum', 'moved.quorum.dead'],
]

/** Why a message may leave `queue` by itself, besides because a client rejected it. */
export function leavesBecause(queue: string, reason: string, hasExpiration: boolean): boolean {
  if (reason === 'expired') return hasExpiration || queue.startsWith('moved.ttl')
  return reason === 'delivery_limit' && queue === returningQueue
}

export async function declareMovingQueues(channel: Channel): Promise<void> {
  for (const { name, next, arguments: own } of queues) {
    const dead =
      next === undefined ? {} : { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': next }
    await channel.assertQueue(name, { durable: true, arguments: { ...own, ...dead } })
  }
  await channel.assertQueue(markQueue, { durable: true, arguments: { 'x-max-length': 1 } })
}
