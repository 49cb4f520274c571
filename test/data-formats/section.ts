// One kind of data that a folder holds: how it gets there, and what clients must find again.
import type { Channel, GetMessage } from 'amqplib'
import { waitFor } from '../support/wait-for.ts'
import type { FixtureBroker } from './fixture-broker.ts'

/** What a section wants to remember of what it wrote, as JSON. */
export type Facts = Record<string, unknown>

export interface Section {
  /** Never changes: fixtures name the sections that they have. */
  readonly name: string
  /** Writes once; all of it is confirmed when it resolves. */
  fill(broker: FixtureBroker, facts: Facts): Promise<void>
  /** Looks two days later, and may use up what it finds. Throws an `AssertionError`. */
  check(broker: FixtureBroker, facts: Readonly<Facts>): Promise<void>
}

export const hourMs = 3_600_000
/** How long after the last write a fixture is opened, by its broker's clock. */
export const openedAfterMs: number = 48 * hourMs

/** Everything that is ready in a queue, acked once it is here. */
export async function takeAll(channel: Channel, queue: string): Promise<GetMessage[]> {
  const messages: GetMessage[] = []
  for (;;) {
    const message = await channel.get(queue)
    if (message === false) return messages
    channel.ack(message)
    messages.push(message)
  }
}

export async function takeBodies(channel: Channel, queue: string): Promise<string[]> {
  return (await takeAll(channel, queue)).map(({ content }) => content.toString())
}

/** The last word of a fixture, in a file that is not sealed. */
export async function fillUnsealed({ channel }: Pick<FixtureBroker, 'channel'>): Promise<void> {
  await channel.assertQueue('unsealed')
  channel.sendToQueue('unsealed', Buffer.from('the last message'), { persistent: true })
  await channel.waitForConfirms()
}

/** Resolves once so many messages are ready. */
export async function whenReady(channel: Channel, queue: string, count: number): Promise<void> {
  await waitFor(`${count} messages in ${queue}`, async () => {
    return (await channel.checkQueue(queue)).messageCount === count
  })
}
