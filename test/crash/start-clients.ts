// The mixture of clients of one round, chosen from the seed.

import type { Random } from '../../src/lib/random.ts'
import type { Churn } from './churn.ts'
import { churnUntilKilled } from './churner.ts'
import { type ConsumerOptions, consumeUntilKilled, manners } from './consumer.ts'
import { getUntilKilled } from './getter.ts'
import type { Load } from './load.ts'
import { type PublisherOptions, publishUntilKilled } from './publisher.ts'
import { consumedQueues, looseQueue } from './stable-topology.ts'
import { transactUntilKilled } from './transactor.ts'

const windows = [1, 10, 50, 300]
const prefetches = [1, 10, 50, 300, 300, 0]
const heldMax = 40

export function startClients(load: Load, churns: readonly Churn[], random: Random): void {
  startPublisher(load, { sizes: 'small', window: pick(random, windows) })
  startPublisher(load, { sizes: 'mixed', window: pick(random, windows) })
  if (random.below(2) === 0) startPublisher(load, { sizes: 'mixed', window: 10 })
  if (random.below(3) === 0) startPublisher(load, { sizes: 'large', window: 2 })
  const consumers = 3 + random.below(5)
  for (let left = consumers; left > 0; left--) {
    startConsumer(load, chooseConsumer(random, pick(random, consumedQueues)))
  }
  if (random.below(3) === 0) {
    startConsumer(load, { ...chooseConsumer(random, looseQueue), noAck: true })
  }
  load.start('get', (actor, name, own) => getUntilKilled(load, actor, { name, random: own }))
  load.start('tx', (actor, name, own) => transactUntilKilled(load, actor, { name, random: own }))
  for (const churn of churns) {
    load.start('churn', (actor, name, own) =>
      churnUntilKilled(load, actor, { name, random: own, churn }),
    )
  }
}

function startPublisher(load: Load, options: PublisherOptions): void {
  load.start('pub', (actor, name, random) =>
    publishUntilKilled(load, actor, { name, random, options }),
  )
}

function startConsumer(load: Load, options: ConsumerOptions): void {
  load.start('con', (actor, name, random) =>
    consumeUntilKilled(load, actor, { name, random, options }),
  )
}

function chooseConsumer(random: Random, queue: string): ConsumerOptions {
  const prefetch = pick(random, prefetches)
  return {
    queue,
    prefetch,
    held: 1 + random.below(prefetch === 0 ? heldMax : Math.min(prefetch, heldMax)),
    manner: pick(random, manners),
    channelDeliveries: 20 + random.below(2000),
    noAck: false,
  }
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)] as T
}
