// Clients of kafkajs for whichever node serves: all addresses are seeds.
import { Kafka, logLevel } from 'kafkajs'
import { within } from '../../support/wait-for.ts'
import type { ClientParts } from './client-parts.ts'

export const eventsTopic = 'events'
export const eventsPartitions = 3
export const pairsTopic = 'pairs'
export const readersGroup = 'readers'

/** Of clients that may be in the middle of something: they are left to themselves after a while. */
export async function endOf(client: { disconnect(): Promise<void> }): Promise<void> {
  await within('it disconnects', client.disconnect(), disconnectMsMax).catch(() => undefined)
}

const disconnectMsMax = 5000

/** Short times: nodes that do not answer are left for others. */
export function kafkaOf({ addresses }: Pick<ClientParts, 'addresses'>): Kafka {
  return new Kafka({
    brokers: addresses.map(({ kafka }) => `127.0.0.1:${kafka}`),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1000,
    requestTimeout: 4000,
    retry: { initialRetryTime: 100, maxRetryTime: 800, factor: 0.2, multiplier: 1.5, retries: 8 },
  })
}
