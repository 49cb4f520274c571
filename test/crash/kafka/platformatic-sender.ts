// @platformatic/kafka as an idempotent producer. It repeats a send by itself, with the numbers it had.

import { Producer } from '@platformatic/kafka'
import { valueOf } from './planned-record.ts'
import type { BaseOffsets, Send } from './record-ledger.ts'
import type { Sender, SenderTarget } from './sender.ts'

export class PlatformaticSender implements Sender {
  readonly inFlightMax = 1
  readonly #producer: Producer
  readonly #topic: string

  private constructor(producer: Producer, topic: string) {
    this.#producer = producer
    this.#topic = topic
  }

  static open({ port, topic }: SenderTarget): Promise<PlatformaticSender> {
    const producer = new Producer({
      clientId: 'crash',
      bootstrapBrokers: [`127.0.0.1:${port}`],
      idempotent: true,
      retryDelay: 50,
    })
    return Promise.resolve(new PlatformaticSender(producer, topic))
  }

  async send({ batches, sentAt }: Send): Promise<BaseOffsets> {
    const topic = this.#topic
    const messages = [...batches].flatMap(([partition, records]) =>
      records.map((record) => ({ topic, partition, value: valueOf(record) })),
    )
    const compression = sentAt % 3 === 0 ? 'gzip' : 'none'
    const { offsets = [] } = await this.#producer.send({ messages, compression })
    return new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]))
  }

  async close(): Promise<void> {
    await this.#producer.close()
  }
}
