// A cluster of Kafka, or of whatever speaks its protocol, that is read from. Clients of @platformatic/kafka ask and
// log in; fetches go through its connections as well, but are read here, because batches stay whole.
import type {
  Admin,
  Broker,
  Connection,
  ConnectionPool,
  Reader,
  SASLMechanismValue,
} from '@platformatic/kafka'
import type * as KafkaLibrary from '@platformatic/kafka'
import type { AbortedTransaction } from './clean-batches.ts'
import { MoveError } from './move-error.ts'

export interface KafkaLogin {
  readonly mechanism: SASLMechanismValue
  readonly user: string
  readonly password: string
}

export interface KafkaSourceOptions {
  /** HOST:PORT, of some of its brokers. */
  readonly brokers: readonly string[]
  readonly login: KafkaLogin | undefined
  /** Undefined: no TLS. */
  readonly tls: { readonly ca: Buffer | undefined } | undefined
}

export interface SourceTopic {
  readonly name: string
  readonly partitionCount: number
  /** Those that were set for it. */
  readonly configs: Readonly<Record<string, string>>
}

/** How far a group has read a partition. */
export interface SourceOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly metadata: string
}

export interface Fetched {
  readonly errorCode: number
  /** Committed records end there. */
  readonly lastStableOffset: number
  /** Where the partition begins. */
  readonly startOffset: number
  readonly aborted: readonly AbortedTransaction[]
  readonly records: Buffer
}

/** How long a fetch waits for records: a broker does nothing else for the connection meanwhile. */
const atOnce = 0
const fetch = { key: 1, version: 11, readCommitted: 1 } as const
const topicResource = 2
/** Set for this topic, neither for all nor by default. */
const topicConfigSource = 1
const earliest = -2n
const ipAddress = /^(?:[\d.]+|\[.*\]):\d+$/
/** What is not there soon is for the person at the terminal to know. */
const patience = { retries: 2, retryDelay: 250 } as const
/** About replicas and storage that are the source's own. */
const ownConfigs = /^(?:remote|local)\.|throttled\.replicas$/

type Library = typeof KafkaLibrary

export class KafkaSource {
  readonly #library: Library
  readonly #admin: Admin
  readonly #pool: ConnectionPool

  private constructor(library: Library, admin: Admin, pool: ConnectionPool) {
    this.#library = library
    this.#admin = admin
    this.#pool = pool
  }

  static async open({ brokers, login, tls }: KafkaSourceOptions): Promise<KafkaSource> {
    const library = await import('@platformatic/kafka')
    const { Admin: AdminClient, ConnectionPool: Pool } = library
    const clientId = 'pabal-move'
    const options = {
      ...(tls !== undefined && { tls: tls.ca === undefined ? {} : { ca: tls.ca } }),
      // TLS has no such names for addresses of IP.
      ...(tls !== undefined && {
        tlsServerName: !brokers.some((broker) => ipAddress.test(broker)),
      }),
      ...(login !== undefined && {
        sasl: { mechanism: login.mechanism, username: login.user, password: login.password },
      }),
    }
    const admin = new AdminClient({
      clientId,
      bootstrapBrokers: [...brokers],
      ...patience,
      ...options,
    })
    return new KafkaSource(library, admin, new Pool(clientId, options))
  }

  /** Topics of clients; those of Kafka itself begin with two underscores. */
  async topicNames(): Promise<string[]> {
    const names = await this.#ask(
      'list topics',
      this.#admin.listTopics({ includeInternals: false }),
    )
    return names.filter((name) => !name.startsWith('__'))
  }

  async describe(name: string): Promise<SourceTopic> {
    const what = `describe topic '${name}'`
    const { topics } = await this.#ask(what, this.#admin.metadata({ topics: [name] }))
    const found = topics.get(name)
    if (found === undefined) throw noTopic(name)
    const resources = [{ resourceType: topicResource, resourceName: name } as const]
    const [described] = await this.#ask(what, this.#admin.describeConfigs({ resources }))
    const set = (described?.configs ?? []).flatMap(({ name: key, value, configSource }) =>
      configSource !== topicConfigSource || value === null || ownConfigs.test(key)
        ? []
        : [[key, value ?? ''] as const],
    )
    return { name, partitionCount: found.partitionsCount, configs: Object.fromEntries(set) }
  }

  /** Where a partition begins. */
  async startOf(topic: string, partition: number): Promise<number> {
    const partitions = [{ partitionIndex: partition, timestamp: earliest }]
    const asked = this.#admin.listOffsets({ topics: [{ name: topic, partitions }] })
    const [listed] = await this.#ask(`ask where '${topic}' begins`, asked)
    return Number(listed?.partitions[0]?.offset ?? 0n)
  }

  async groupNames(): Promise<string[]> {
    const groups = await this.#ask('list groups', this.#admin.listGroups({}))
    // A share group has no place in a topic.
    const isShare = /^share$/i
    return [...groups.values()].flatMap(({ id, groupType = '' }) =>
      isShare.test(groupType) ? [] : [id],
    )
  }

  /** Of the partitions of these topics. */
  async offsetsOf(group: string, topics: readonly SourceTopic[]): Promise<SourceOffset[]> {
    const asked = topics.map(({ name, partitionCount }) => ({
      name,
      partitionIndexes: Array.from({ length: partitionCount }, (_, index) => index),
    }))
    const groups = [{ groupId: group, topics: asked }]
    const what = `ask how far group '${group}' is`
    const [found] = await this.#ask(what, this.#admin.listConsumerGroupOffsets({ groups }))
    return (found?.topics ?? []).flatMap(({ name: topic, partitions }) =>
      partitions.flatMap(({ partitionIndex: partition, committedOffset, metadata }) => {
        const offset = Number(committedOffset)
        return offset < 0 ? [] : [{ topic, partition, offset, metadata: metadata ?? '' }]
      }),
    )
  }

  /** The broker that leads a partition. */
  async leaderOf(topic: string, partition: number): Promise<Broker> {
    const asked = this.#admin.metadata({ topics: [topic], forceUpdate: true })
    const { topics, brokers } = await this.#ask(`find topic '${topic}'`, asked)
    const leader = topics.get(topic)?.partitions[partition]?.leader
    const broker = leader === undefined ? undefined : brokers.get(leader)
    if (broker !== undefined) return broker
    throw new MoveError('unreachable', `partition ${partition} of '${topic}' has no leader now`)
  }

  /** Batches from `offset` on, as many as fit `sizeMax` but one at least, when there are any. */
  async fetch(
    leader: Broker,
    place: { readonly topic: string; readonly partition: number; readonly offset: number },
    sizeMax: number,
  ): Promise<Fetched> {
    const { topic, partition, offset } = place
    const connection = await this.#ask('connect to a broker', this.#pool.get(leader))
    const partitions = [
      {
        partition,
        currentLeaderEpoch: -1,
        fetchOffset: BigInt(offset),
        lastFetchedEpoch: -1,
        partitionMaxBytes: sizeMax,
      },
    ]
    const request = (): ReturnType<Library['fetchV11']['createRequest']> =>
      this.#library.fetchV11.createRequest(
        atOnce,
        1,
        sizeMax,
        fetch.readCommitted,
        0,
        -1,
        [{ topicId: topic, partitions }],
        [],
        '',
      )
    return await this.#ask(`fetch from '${topic}'`, send(connection, request))
  }

  async close(): Promise<void> {
    await Promise.all([this.#admin.close(), this.#pool.close()])
  }

  async #ask<T>(what: string, asked: Promise<T>): Promise<T> {
    try {
      return await asked
    } catch (error) {
      if (error instanceof MoveError) throw error
      throw explain(what, error)
    }
  }
}

export function noTopic(name: string): MoveError {
  return new MoveError('missing', `there is no topic '${name}' at the source`)
}

type Request = Parameters<Connection['send']>[2]

function send(connection: Connection, request: Request): Promise<Fetched> {
  const { promise, resolve, reject } = Promise.withResolvers<Fetched>()
  const { key, version } = fetch
  connection.send(key, version, request, parseFetch, false, false, (error, fetched) => {
    if (error === null) resolve(fetched as Fetched)
    else reject(error)
  })
  return promise
}

/** The answer to a fetch of one partition, version 11. */
function parseFetch(_correlation: number, _key: number, _version: number, reader: Reader): Fetched {
  reader.readInt32()
  const errorCode = reader.readInt16()
  reader.readInt32()
  const topics = reader.readArray(
    (topic) => {
      topic.readString(false)
      return topic.readArray((partition) => readPartition(partition), false, false)
    },
    false,
    false,
  )
  const fetched = topics[0]?.[0]
  if (fetched !== undefined && errorCode === 0) return fetched
  return { errorCode, lastStableOffset: -1, startOffset: -1, aborted: [], records: empty }
}

const empty = Buffer.alloc(0)

function readPartition(reader: Reader): Fetched {
  reader.readInt32()
  const errorCode = reader.readInt16()
  reader.readInt64()
  const lastStableOffset = Number(reader.readInt64())
  const startOffset = Number(reader.readInt64())
  const aborted = reader.readNullableArray(
    (transaction) => ({
      producerId: Number(transaction.readInt64()),
      firstOffset: Number(transaction.readInt64()),
    }),
    false,
    false,
  )
  reader.readInt32()
  // A copy: the reader's memory is used again, and batches are changed in place.
  const records = Buffer.from(reader.readNullableBytes(false) ?? empty)
  return { errorCode, lastStableOffset, startOffset, aborted: aborted ?? [], records }
}

const deniedErrors = /AUTHENTICATION|AUTHORIZATION|SASL/i

function explain(what: string, error: unknown): MoveError {
  const reasons = reasonsOf(error)
  const kind = reasons.some((reason) => deniedErrors.test(reason))
    ? 'denied'
    : reasons.some((reason) => /UNKNOWN_TOPIC|Unknown topic/.test(reason))
      ? 'missing'
      : 'unreachable'
  return new MoveError(kind, `cannot ${what} at the source: ${reasons.join(': ')}`, {
    cause: error,
  })
}

/** The library's errors hold others, of which the innermost says most. */
function reasonsOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)]
  const { errors = [], apiId } = error as Error & { errors?: unknown[]; apiId?: string }
  const inner = errors.length > 0 ? reasonsOf(errors[0]) : []
  const cause = error.cause === undefined ? [] : reasonsOf(error.cause)
  const own = apiId ?? error.message.replace(/\.$/, '')
  return [...new Set([own, ...inner, ...cause])]
}
