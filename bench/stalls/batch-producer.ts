import { KafkaRawClient } from '../../test/support/kafka-raw-client.ts'

/** The newest version that names topics. */
const PRODUCE_VERSION = 12

/** Sends one batch after the other to partition 0 of a topic. */
export class BatchProducer {
  readonly #client: KafkaRawClient
  readonly #topic: string

  private constructor(client: KafkaRawClient, topic: string) {
    this.#client = client
    this.#topic = topic
  }

  static async open(port: number, topic: string): Promise<BatchProducer> {
    return new BatchProducer(await KafkaRawClient.connect(port), topic)
  }

  /** Creates the topic, whose batches may have up to `sizeMax` bytes. */
  async createTopic(sizeMax: number): Promise<void> {
    const topic = {
      name: this.#topic,
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [{ name: 'max.message.bytes', value: String(sizeMax) }],
    }
    const request = { topics: [topic], timeoutMs: 1000, validateOnly: false }
    const { topics } = await this.#client.call('createTopics', request)
    if (topics[0]?.errorCode !== 0) throw new Error(`the topic: ${topics[0]?.errorMessage}`)
  }

  /** The error code of the answer, 0 for none. */
  async produce(batch: Buffer): Promise<number> {
    const partitionData = [{ index: 0, records: batch }]
    const topicData = [{ name: this.#topic, topicId: '', partitionData }]
    const request = { transactionalId: null, acks: -1, timeoutMs: 1000, topicData }
    const { responses } = await this.#client.call('produce', request, PRODUCE_VERSION)
    return responses[0]?.partitionResponses[0]?.errorCode ?? -1
  }

  async close(): Promise<void> {
    await this.#client[Symbol.asyncDispose]()
  }
}
