// What the programs of this folder do themselves with Kafka's protocol, by kafkajs.

import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { type CopiedRecord, readTopic } from '../../../support/read-topic.ts'
import { broker } from '../../node/report.ts'

const connections = { logLevel: logLevel.NOTHING, retry: { retries: 3 } }

/** A client of the broker at `address`. */
export function kafkaAt(address: string = broker): Kafka {
  return new Kafka({ ...connections, clientId: 'programs', brokers: [address] })
}

/** Runs `use` with an administrator. */
export async function administer<T>(
  use: (admin: ReturnType<Kafka['admin']>) => Promise<T>,
  address: string = broker,
): Promise<T> {
  const admin = kafkaAt(address).admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}

/** One record to send. */
export interface Sent {
  readonly key?: string
  readonly value: string | null
}

/** Sends records to a topic, which is made when it is missing. */
export async function send(
  topic: string,
  messages: readonly Sent[],
  address: string = broker,
): Promise<void> {
  const producer = kafkaAt(address).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    // On a busy machine it sends again, which is not to be seen.
    idempotent: true,
    maxInFlightRequests: 1,
  })
  await producer.connect()
  try {
    await producer.send({ topic, messages: [...messages] })
  } finally {
    await producer.disconnect()
  }
}

/** All committed records of a topic; none when there is no such topic, or its leader is not known yet. */
export async function recordsOf(
  topic: string,
  address: string = broker,
): Promise<readonly CopiedRecord[]> {
  const topics = await administer((admin) => admin.listTopics(), address)
  if (!topics.includes(topic)) return []
  return readTopic(Number(address.split(':')[1]), topic).catch((error: { retriable?: boolean }) => {
    if (error.retriable) return []
    throw error
  })
}

/** Values of a topic's committed records. */
export async function valuesOf(topic: string, address: string = broker): Promise<string[]> {
  const records = await recordsOf(topic, address)
  return records.map(({ value }) => value ?? 'null')
}

/** A setting of a topic. */
export async function settingOf(topic: string, name: string): Promise<string | undefined> {
  const described = await administer((admin) =>
    admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: topic }] }),
  )
  return described.resources[0]?.configEntries.find(({ configName }) => configName === name)
    ?.configValue
}

/** Values that are missing of `wanted`, and how many came more than once. */
export function missingAndDoubled(
  wanted: readonly string[],
  seen: readonly string[],
): { missing: number; doubled: number } {
  const once = new Set(seen)
  return {
    missing: wanted.filter((value) => !once.has(value)).length,
    doubled: seen.length - once.size,
  }
}
