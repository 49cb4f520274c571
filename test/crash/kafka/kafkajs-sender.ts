// kafkajs as an idempotent producer. It numbers batches anew when it repeats a send, so two sends on
// their way at once would exchange their numbers: one at a time.

import kafkajs, { type Producer } from 'kafkajs'
import { valueOf } from './planned-record.ts'
import type { BaseOffsets, Send } from './record-ledger.ts'
import type { Sender, SenderTarget } from './sender.ts'

const { CompressionTypes, Kafka, logLevel } = kafkajs

export class KafkajsSender implements Sender {
  readonly inFlightMax = 1
  readonly #producer: Producer
  readonly #topic: string

  private constructor(producer: Producer, topic: string) {
    this.#producer = producer
    this.#topic = topic
  }

  static async open({ port, topic }: SenderTarget): Promise<KafkajsSender> {
    const kafka = new Kafka({
      brokers: [`127.0.0.1:${port}`],
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 30, maxRetryTime: 200, retries: 1000 },
    })
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    return new KafkajsSender(producer, topic)
  }

  async send({ batches, sentAt }: Send): Promise<BaseOffsets> {
    const messages = [...batches].flatMap(([partition, records]) =>
      records.map((record) => ({ partition, value: valueOf(record) })),
    )
    const compression = sentAt % 3 === 0 ? CompressionTypes.GZIP : CompressionTypes.None
    const answers = await this.#producer.send({ topic: this.#topic, messages, compression })
    return new Map(answers.map(({ partition, baseOffset }) => [partition, Number(baseOffset)]))
  }

  async close(): Promise<void> {
    await this.#producer.disconnect()
  }
}
