// A batch of records that a producer sends, perhaps several times: all of it is stored or nothing.
import { RecordBatchBuilder } from '../../../src/record/batch/batch-builder.ts'
import type { CompressionName } from '../../../src/record/batch/compression.ts'
import type { Deed } from '../model/deed.ts'
import { bodyOf, type Message, sizeWithName } from '../model/message.ts'
import type { QueueLife } from '../model/queue-life.ts'
import type { KafkaLife } from './kafka-protocol.ts'

/** What makes a producer idempotent. */
export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
  /** Next sequence number, by partition. */
  readonly sequences: Map<string, number>
}

interface BatchParts {
  readonly partition: number
  readonly identity: ProducerIdentity | undefined
  readonly compression: CompressionName
}

export class ProducedBatch {
  readonly topic: QueueLife
  readonly partition: number
  readonly deed: Deed
  readonly sentAt: number
  attempts = 0
  /** Whether everything with smaller sequences was stored when it was made, or is to be. */
  readonly isInOrder: boolean
  readonly #life: KafkaLife
  readonly #messages: Message[]
  readonly #bytes: Buffer

  constructor(life: KafkaLife, topic: QueueLife, { partition, identity, compression }: BatchParts) {
    const { world, name } = life
    this.#life = life
    this.topic = topic
    this.partition = partition
    const key = `${topic.name}/${partition}`
    const sequence = identity?.sequences.get(key) ?? 0
    this.isInOrder = identity !== undefined
    const publisher = identity === undefined ? name : `producer ${identity.producerId}`
    const count = life.draw.between(1, 6)
    this.deed = world.model.newDeed(`batch for ${key}`)
    this.sentAt = this.deed.sentAt
    this.#messages = Array.from({ length: count }, () =>
      this.#makeMessage(life, `${publisher} ${key}`),
    )
    this.deed.onEnded = () => {
      for (const message of this.#messages) world.model.topology.route(message)
    }
    this.#bytes = encode(this.#messages, {
      timestamp: Math.floor(world.clock.now()),
      compression,
      identity,
      sequence,
    })
    identity?.sequences.set(key, sequence + count)
  }

  get what(): string {
    const [first] = this.#messages
    const last = this.#messages.at(-1)
    return `${first?.id}…${last?.id} to ${this.topic.name}/${this.partition}`
  }

  /** A copy: who gets the bytes may change them. */
  bytes(): Buffer {
    return Buffer.from(this.#bytes)
  }

  onSent(): void {
    this.attempts++
    if (this.attempts === 1 || !this.deed.reopen()) return
    for (const message of this.#messages) {
      this.#life.world.model.topology.add(message)
      // A crash may have undone the first copy, deliveries and all: the next one is another.
      for (const entry of message.entries) entry.deliveryCount = 0
    }
  }

  /** The broker says that it is stored, from an offset on. */
  onStored(baseOffset: number, who: string): void {
    this.deed.toDurable('it is acknowledged')
    // Where the topic was deleted and made again, nobody can say which of the two has it.
    if (!this.topic.presence.isAlways(this.sentAt, this.#life.world.history.now)) return
    const facts = this.topic.logOf(this.partition)
    for (const [at, message] of this.#messages.entries()) {
      facts.onShown(message, baseOffset + at, who)
    }
  }

  #makeMessage({ world, draw }: KafkaLife, publisher: string): Message {
    const id = world.model.newMessageId()
    const plan = {
      origin: 'kafka',
      id,
      exchange: '',
      routingKey: this.topic.name,
      partition: this.partition,
      size: sizeWithName(id, draw.small(world.plan.bodySizeMax)),
      isPersistent: true,
    } as const
    const place = world.model.nextPlace(publisher)
    return world.model.addMessage(plan, this.deed, { publisher, place })
  }
}

function encode(
  messages: readonly Message[],
  options: {
    readonly timestamp: number
    readonly compression: CompressionName
    readonly identity: ProducerIdentity | undefined
    readonly sequence: number
  },
): Buffer {
  const { timestamp, compression, identity, sequence } = options
  const builder = new RecordBatchBuilder(0)
  for (const [offset, { plan }] of messages.entries()) {
    builder.append({ offset, timestamp, key: null, value: bodyOf(plan), headers: [] })
  }
  if (identity === undefined) return builder.finish({ compression })
  const { producerId, producerEpoch } = identity
  return builder.finish({ compression, producerId, producerEpoch, baseSequence: sequence })
}
