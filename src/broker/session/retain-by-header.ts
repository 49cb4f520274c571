// Retained messages of clients that do not speak MQTT: what they publish to the exchange of topics with the header
// `x-mqtt-retain: true` is the retained message of its topic, and an empty one takes that away.
import { findHeader } from '../../record/message/content-header.ts'
import { retainHeader, topicOfPlace } from '../../record/message/published-topic.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { preconditionFailed } from '../broker-error.ts'
import type { Destination } from '../destination.ts'
import type { VHost } from '../vhost.ts'
import { whyNoTopic } from './explain-filter.ts'
import type { RetainedMessages } from './retained-messages.ts'

export interface RetainingSessions {
  /** That messages by topic are published to. */
  readonly exchange: string
  of(vhost: VHost<Destination>): { readonly retained: RetainedMessages }
}

export class RetainByHeader {
  readonly #sessions: RetainingSessions
  /** What addresses begin with. */
  #exchange: Buffer | undefined

  constructor(sessions: RetainingSessions) {
    this.#sessions = sessions
  }

  /**
   * What is done in the atom that publishes the message; undefined when it is not to be retained. Not within an atom.
   * Throws `precondition_failed` where its routing key is no topic, and `resource_exhausted`.
   */
  companionOf(vhost: VHost<Destination>, source: RecordSource): RecordSource['companion'] {
    if (!this.#isToTopics(source) || !asksForIt(source)) return undefined
    // As subscribers see it.
    const topic = topicOfPlace(source)
    const problem = whyNoTopic(topic)
    if (problem !== undefined) throw preconditionFailed(`${retainHeader}: '${topic}': ${problem}`)
    const { retained } = this.#sessions.of(vhost)
    if (source.bodyStart === source.bodyEnd) return () => retained.clear(topic)
    retained.prepare(topic)
    return (stored) => retained.set(topic, stored)
  }

  #isToTopics({ address, addressStart }: RecordSource): boolean {
    const exchange = (this.#exchange ??= nameIn(this.#sessions.exchange))
    if (address[addressStart] !== exchange[0]) return false
    return exchange.compare(address, addressStart, addressStart + exchange.length) === 0
  }
}

/** As it stands in an address. */
function nameIn(exchange: string): Buffer {
  const name = Buffer.from(exchange)
  return Buffer.concat([Buffer.of(name.length), name])
}

function asksForIt({ header, headerStart, headerEnd }: RecordSource): boolean {
  return findHeader(header, headerStart, headerEnd, retainHeader)?.value === true
}
