// A broker with a Kafka port, a user whose permissions tests change, and clients: one that may do everything,
// and others that log in as that user.
import assert from 'node:assert/strict'
import { hashPassword } from '../../src/auth/password-hash.ts'
import type { Operation } from '../../src/auth/rights.ts'
import { AccessKeeper } from '../../src/broker/access-keeper.ts'
import { zeroUuid } from '../../src/codec/kafka/field-defaults.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { BrokerInProcess } from './broker-in-process.ts'
import { KafkaRawClient } from './kafka-raw-client.ts'
import { type KafkaBeside, openKafkaBeside } from './open-kafka-beside.ts'

export const kafkaUser = 'app'
export const kafkaPassword = 'pw'

export type Patterns = Partial<Record<Operation, string>>

export class KafkaWithUsers implements AsyncDisposable {
  readonly inProcess: BrokerInProcess
  readonly keeper: AccessKeeper
  /** Of guest. */
  readonly all: KafkaRawClient
  readonly #beside: KafkaBeside

  private constructor(inProcess: BrokerInProcess, beside: KafkaBeside, all: KafkaRawClient) {
    const { broker, clients } = inProcess
    this.inProcess = inProcess
    this.keeper = new AccessKeeper({ broker, clients, settingsVHosts: [] })
    this.all = all
    this.#beside = beside
  }

  /** The user is there and may do nothing. */
  static async start(): Promise<KafkaWithUsers> {
    const inProcess = await BrokerInProcess.start()
    const beside = await openKafkaBeside(inProcess)
    const all = await KafkaRawClient.connect(beside.port)
    const kafka = new KafkaWithUsers(inProcess, beside, all)
    await kafka.putUser()
    await kafka.grant({})
    return kafka
  }

  get port(): number {
    return this.#beside.port
  }

  putUser(tags: readonly string[] = []): Promise<void> {
    const hashed = hashPassword(Buffer.from(kafkaPassword), systemRandom)
    return this.keeper.putUser({ name: kafkaUser, tags, ...hashed })
  }

  /** The user may do this and nothing else. */
  grant({ configure = '', write = '', read = '' }: Patterns): Promise<void> {
    return this.keeper.setPermission({ user: kafkaUser, vhost: '/', configure, write, read })
  }

  /** A connection that has logged in as the user. */
  async login(): Promise<KafkaRawClient> {
    const client = await KafkaRawClient.connect(this.port)
    const { errorCode, errorMessage } = await loginOn(client)
    assert.equal(errorCode, 0, errorMessage ?? '')
    return client
  }

  /** By guest. */
  async createTopic(
    name: string,
    numPartitions = 1,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const configs = Object.entries(settings).map(([config, value]) => ({ name: config, value }))
    const topic = { name, numPartitions, replicationFactor: 1, assignments: [], configs }
    const asked = { topics: [topic], timeoutMs: 1000, validateOnly: false }
    const { topics } = await this.all.call('createTopics', asked)
    assert.equal(topics[0]?.errorCode, 0, topics[0]?.errorMessage ?? '')
    return topics[0]?.topicId ?? zeroUuid
  }

  /** By guest; says nothing when it is not there. */
  async deleteTopic(name: string): Promise<void> {
    const topics = [{ name, topicId: zeroUuid }]
    await this.all.call('deleteTopics', { topics, topicNames: [], timeoutMs: 1000 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.all[Symbol.asyncDispose]()
    await this.#beside[Symbol.asyncDispose]()
    await this.inProcess[Symbol.asyncDispose]()
  }
}

/** What the broker says to the user's password. */
export async function loginOn(
  client: KafkaRawClient,
): Promise<{ readonly errorCode: number; readonly errorMessage: string | null }> {
  await client.call('saslHandshake', { mechanism: 'PLAIN' })
  const authBytes = Buffer.from(`\0${kafkaUser}\0${kafkaPassword}`)
  return client.call('saslAuthenticate', { authBytes })
}
