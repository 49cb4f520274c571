// The demo's billing: two workers on one queue. Most orders are paid; some cards are busy and are tried again
// after a while, some are refused and die. A dead order that somebody redrives is paid.
import type { Channel, ConsumeMessage } from 'amqplib'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { demoLimits } from '../limits/demo.ts'
import type { DemoCounts } from './demo-counts.ts'
import { demoNames } from './demo-parts.ts'
import type { ConnectAmqp } from './shops.ts'

const workers = 2

export interface BillingParts {
  readonly connect: ConnectAmqp
  readonly counts: DemoCounts
  readonly clock: Clock
  readonly random: Random
}

/** Makes what orders go through; `partitions` are the stream's. */
export async function declareDemo(channel: Channel, partitions: number): Promise<void> {
  await channel.assertExchange(demoNames.orders, 'topic', { durable: true })
  await channel.assertExchange(demoNames.failed, 'fanout', { durable: true })
  await channel.assertQueue(demoNames.dead, { durable: true })
  await channel.bindQueue(demoNames.dead, demoNames.failed, '')
  await channel.assertQueue(demoNames.billing, {
    durable: true,
    deadLetterExchange: demoNames.failed,
    arguments: {
      'x-queue-type': 'quorum',
      'x-delayed-retry-type': 'returned',
      'x-delayed-retry-min': demoLimits.retryMs,
      'x-delayed-retry-max': demoLimits.retryMs,
      // What is paid can be replayed.
      'x-retention-ms': demoLimits.retentionMs,
    },
  })
  await channel.bindQueue(demoNames.billing, demoNames.orders, 'order.#')
  await channel.assertQueue(demoNames.stream, {
    durable: true,
    arguments: { 'x-queue-type': 'stream', 'x-partitions': partitions },
  })
  await channel.bindQueue(demoNames.stream, demoNames.orders, 'order.#')
}

/** Begins to bill; rejects when a worker cannot connect. */
export async function openBilling(parts: BillingParts): Promise<void> {
  for (let worker = 1; worker <= workers; worker++) {
    const connection = await parts.connect(`demo billing ${worker}`)
    const channel = await connection.createChannel()
    await channel.prefetch(demoLimits.prefetch)
    await channel.consume(demoNames.billing, (message) => {
      if (message !== null) bill(parts, channel, message)
    })
  }
}

function bill(
  { clock, random, counts }: BillingParts,
  channel: Channel,
  message: ConsumeMessage,
): void {
  const { billingMsMin, billingMsSpread } = demoLimits
  clock.after(billingMsMin + random.below(billingMsSpread), () => {
    const number = Number(message.properties.messageId?.replace('order-', ''))
    const chance = random.below(100)
    // Somebody has looked at it and sent it back: the card is good by now.
    const isRedriven = message.properties.headers?.['x-death'] !== undefined
    const { rejectedPercent, retriedPercent } = demoLimits
    if (!isRedriven && chance < rejectedPercent) {
      channel.reject(message, false)
      counts.settle(number, 'rejected')
    } else if (!isRedriven && chance < rejectedPercent + retriedPercent) {
      channel.nack(message, false, true)
      counts.settle(number, 'retried')
    } else {
      channel.ack(message)
      counts.settle(number, 'paid')
    }
  })
}
