// A broker is killed again and again while clients publish what must be there once, read subscriptions to a
// stream, and rewind a queue; at the end all that clients are owed must be there.
import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../../../src/lib/random.ts'
import { seededRandom } from '../../../src/testing/seeded-random.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { type Conditions, withPreloads } from '../with-preloads.ts'
import { ParcelBook, parcelQueues } from './parcel-book.ts'
import { consumeParcels, publishParcels, rewindParcels } from './parcel-clients.ts'

export interface ParcelCrashOptions extends Conditions {
  readonly seed: number
  readonly rounds: number
  /** Clients work for so long before a kill, at most. */
  readonly loadMsMax?: number
}

export interface ParcelCrashSummary {
  readonly confirmed: number
  readonly rewinds: number
}

const usualLoadMsMax = 500

/** Throws what is wrong with what the broker has at the end. */
export function runParcelCrashRounds(options: ParcelCrashOptions): Promise<ParcelCrashSummary> {
  return withPreloads(options, async () => {
    await using broker = await TestBroker.start(['--log-level', 'warn'])
    const book = new ParcelBook()
    let rewinds = 0
    for (let round = 1; round <= options.rounds; round++) {
      const random = seededRandom(options.seed * 7919 + round)
      const loadMs = 50 + random.below(options.loadMsMax ?? usualLoadMsMax)
      rewinds += await loadUntilKilled(broker, book, { random, loadMs })
      await broker.restart()
    }
    await checkAll(broker, book)
    return { confirmed: book.confirmedCount, rewinds }
  })
}

/** Returns how often the queue was rewound. */
async function loadUntilKilled(
  broker: TestBroker,
  book: ParcelBook,
  { random, loadMs }: { readonly random: Random; readonly loadMs: number },
): Promise<number> {
  await using session = await AmqpSession.open(broker.url, { noDelay: true })
  await book.declare(await session.channel())
  const consumed = parcelQueues.filter(({ isConsumed }) => isConsumed)
  const own = (): Random => seededRandom(random.below(2 ** 32))
  let isOver = false
  const publishers = [await session.confirmChannel(), await session.confirmChannel()]
  const consumers = await Promise.all(consumed.map(() => session.channel()))
  const working = Promise.allSettled([
    ...publishers.map((channel) => publishParcels(channel, book, own())),
    ...consumers.map((channel, at) =>
      consumeParcels(channel, consumed[at]!, { book, random: own() }),
    ),
  ])
  const rewinding = rewindParcels(broker.dataFolder, book, () => isOver)
  await delay(loadMs)
  isOver = true
  await broker.kill()
  await session.connectionClosed()
  for (const result of await working) {
    // amqplib fails what waits for an answer when the broker is gone.
    const isWrong = result.status === 'rejected' && !/ended|closed/i.test(String(result.reason))
    if (isWrong) throw result.reason
  }
  return rewinding
}

async function checkAll(broker: TestBroker, book: ParcelBook): Promise<void> {
  await using session = await AmqpSession.open(broker.url, { noDelay: true })
  const channel = await session.channel()
  for (const queue of parcelQueues.filter(({ type }) => type !== 'stream')) {
    await book.empty(channel, queue)
    if (queue.isKept !== true) continue
    await rewindParcels(broker.dataFolder, book, () => true)
    await book.empty(channel, queue)
  }
}
