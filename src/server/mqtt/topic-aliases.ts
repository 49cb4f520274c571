// Topic aliases of a connection (MQTT 5 §3.3.2.3.4): numbers that stand for topics, in each direction its own.
import type { PublishPacket } from '../../codec/mqtt/publish.ts'
import { reasonCode } from '../../codec/mqtt/reason-code.ts'
import type { BytesView } from './message/publish-to-record.ts'
import { MqttError } from './mqtt-error.ts'

const emptyBuffer = Buffer.alloc(0)

/** Those that the client has given. */
export class IncomingAliases {
  readonly #max: number
  readonly #topics: (BytesView | undefined)[] = []
  readonly #view: { -readonly [Key in keyof BytesView]: BytesView[Key] } = {
    buffer: emptyBuffer,
    start: 0,
    end: 0,
  }

  /** `max` is what the client was told [MQTT-3.3.2-9]. */
  constructor(max: number) {
    this.#max = max
  }

  /** The topic of a PUBLISH, good until the next one. Throws MqttError for an alias that may not be, or stands for none. */
  topicOf({ buffer, topicStart, topicEnd, properties }: PublishPacket): BytesView {
    const { topicAlias } = properties
    if (topicAlias !== undefined) return this.#resolve(topicAlias, { buffer, topicStart, topicEnd })
    const view = this.#view
    view.buffer = buffer
    view.start = topicStart
    view.end = topicEnd
    return view
  }

  #resolve(
    alias: number,
    { buffer, topicStart, topicEnd }: Pick<PublishPacket, 'buffer' | 'topicStart' | 'topicEnd'>,
  ): BytesView {
    if (alias > this.#max) {
      const text = `topic alias ${alias}, ${this.#max} are allowed`
      throw new MqttError(reasonCode.topicAliasInvalid, text)
    }
    if (topicEnd > topicStart) {
      const own = Buffer.from(buffer.subarray(topicStart, topicEnd))
      this.#topics[alias] = { buffer: own, start: 0, end: own.length }
    }
    const topic = this.#topics[alias]
    if (topic !== undefined) return topic
    throw new MqttError(reasonCode.protocolError, `topic alias ${alias} stands for no topic`)
  }
}

/** Those that the broker gives: to the first topics that the client is sent. */
export class OutgoingAliases {
  readonly #max: number
  readonly #aliases = new Map<string, number>()

  /** `max` is what the client takes [MQTT-3.1.2-26]. */
  constructor(max: number) {
    this.#max = max
  }

  /** Whether there may be any. */
  get isUsed(): boolean {
    return this.#max > 0
  }

  /** The alias that the client knows; 0 for none. */
  find(topic: string): number {
    return this.#aliases.get(topic) ?? 0
  }

  /** One that the client is told with this packet; 0 when there are no more. */
  give(topic: string): number {
    if (this.#aliases.size >= this.#max) return 0
    const alias = this.#aliases.size + 1
    this.#aliases.set(topic, alias)
    return alias
  }
}
