// A Kafka producer as real ones are: several requests in flight, and an idempotent one sends again, in their
// order, what was not answered, over the next connection as well.
import type { TopicProduceResponse } from '../../../src/codec/kafka/messages/produce.gen.ts'
import { compressionNames } from '../../../src/record/batch/compression.ts'
import { Ended } from '../ended.ts'
import { errorOf } from './error-of.ts'
import { type KafkaLife, pickTopic } from './kafka-protocol.ts'
import { ProducedBatch, type ProducerIdentity } from './produced-batch.ts'

const inFlightMax = 5
/** Newest version that names topics; later ones use their ids. */
const versionByName = 12
const attemptsMax = 20

export class Producer {
  readonly #isIdempotent: boolean
  #identity: ProducerIdentity | undefined
  /** Sent or to be sent, in order, and not answered. */
  #pending: ProducedBatch[] = []
  #inFlight = 0
  /** Something went wrong: when nothing is in flight any more, what is pending is sent again. */
  #mustResend = false

  constructor(isIdempotent: boolean) {
    this.#isIdempotent = isIdempotent
  }

  /** One connection's work. */
  readonly work = async (life: KafkaLife): Promise<void> => {
    const { draw, world, connection } = life
    this.#inFlight = 0
    this.#mustResend = false
    connection.link.whenClosedByBroker(() => this.#onGone())
    try {
      await this.#begin(life)
      for (let left = draw.between(3, 40); left > 0 && !world.isWindingDown; left--) {
        for (let count = draw.between(1, 4); count > 0; count--) this.#produce(life)
        if (draw.chance(0.3)) await this.#whenAnswered(life)
        await life.step()
        if (this.#mustResend) await this.#recover(life)
      }
      await this.#whenAnswered(life)
    } catch (error) {
      if (error instanceof Ended && !this.#isIdempotent) this.#forget(life)
      throw error
    }
  }

  /** Who is new gets an id; what the last connection left is sent again. */
  async #begin(life: KafkaLife): Promise<void> {
    if (this.#isIdempotent && this.#identity === undefined) await this.#takeIdentity(life)
    if (this.#pending.length > 0) await this.#recover(life)
  }

  async #takeIdentity(life: KafkaLife): Promise<void> {
    const nothing = { transactionalId: null, transactionTimeoutMs: 0 }
    const { errorCode, producerId, producerEpoch } = await life.connection.call('initProducerId', {
      ...nothing,
      producerId: -1,
      producerEpoch: -1,
    })
    if (errorOf(errorCode) !== 'NONE') return
    const id = producerId ?? -1
    life.world.history.onNote(life.name, `is producer ${id}`)
    if (life.world.model.producerIds.has(id)) {
      throw life.world.history.fail(`${life.name} was given producer id ${id}, which is taken`)
    }
    life.world.model.producerIds.add(id)
    this.#identity = { producerId: id, producerEpoch, sequences: new Map() }
  }

  /** Sends a batch to some partition, and does not wait. */
  #produce(life: KafkaLife): void {
    const { draw } = life
    if (this.#inFlight >= inFlightMax || this.#mustResend) return
    if (this.#isIdempotent && this.#identity === undefined) return
    const topic = pickTopic(life)
    if (topic === undefined || topic.partitionCount === 0) return
    const batch = new ProducedBatch(life, topic, {
      partition: draw.between(0, topic.partitionCount - 1),
      identity: this.#identity,
      compression: draw.chance(0.3) ? draw.oneOf(compressionNames) : 'none',
    })
    this.#pending.push(batch)
    this.#send(life, batch)
  }

  #send(life: KafkaLife, batch: ProducedBatch): void {
    const { draw, connection, world, name } = life
    const acks = this.#isIdempotent ? -1 : draw.oneOf([-1, -1, 1, 0])
    const { topic } = batch
    const version = topic.topicId !== undefined && draw.chance(0.3) ? 13 : versionByName
    const partitionData = [{ index: batch.partition, records: batch.bytes() }]
    const topicData = [{ name: topic.name, topicId: topic.topicId ?? '', partitionData }]
    const request = { transactionalId: null, acks, timeoutMs: 30_000, topicData }
    world.history.onNote(name, `produces ${batch.what} with acks ${acks}`)
    batch.onSent()
    if (acks === 0) {
      this.#pending = this.#pending.filter((other) => other !== batch)
      connection.link.whenClosedByBroker(() => batch.deed.toDoubtful())
      connection.tell('produce', request, version)
      return
    }
    this.#inFlight++
    const answered = connection.call('produce', request, {
      version,
      onAnswer: ({ responses: [answer] }) => {
        this.#inFlight--
        this.#onAnswer(life, batch, answer)
      },
    })
    // Whoever waits for the connection hears of its end.
    answered.catch((error: unknown) => {
      if (!(error instanceof Ended)) world.report(error)
    })
  }

  #onAnswer(life: KafkaLife, batch: ProducedBatch, answer: TopicProduceResponse | undefined): void {
    const { errorCode = 0, baseOffset = -1 } = answer?.partitionResponses[0] ?? {}
    const error = errorOf(errorCode)
    life.world.history.onNote(life.name, `is answered ${batch.what}: ${error} at ${baseOffset}`)
    if (error === 'NONE') batch.onStored(baseOffset, life.name)
    else if (error === 'DUPLICATE_SEQUENCE_NUMBER') {
      batch.deed.toDurable('it is a duplicate')
    } else {
      this.#onRefused(life, batch, error)
      return
    }
    this.#pending = this.#pending.filter((other) => other !== batch)
  }

  #onRefused(life: KafkaLife, batch: ProducedBatch, error: string): void {
    const isTopicGone = /^UNKNOWN_TOPIC|^INCONSISTENT_TOPIC/.test(error)
    const { topic, partition } = batch
    const isSteady =
      topic.presence.isAlways(batch.sentAt, life.world.history.now) &&
      partition < Math.max(1, topic.partitionsSure)
    if (isTopicGone && isSteady) {
      throw life.world.history.fail(`${batch.what} found no topic: ${error}`)
    }
    const isFirst = this.#firstOf(batch) === batch
    const isOrdered = isFirst && isSteady && batch.isInOrder
    if (error === 'OUT_OF_ORDER_SEQUENCE_NUMBER' && isOrdered) {
      throw life.world.history.fail(`${batch.what} is said to be out of order`)
    }
    // Clients give up a batch with this error (the thread that checked it has died): those after it may be there.
    const isFatal = error === 'UNKNOWN_SERVER_ERROR'
    if (this.#isIdempotent && !isTopicGone && !isFatal && batch.attempts < attemptsMax) {
      this.#mustResend = true
      return
    }
    batch.deed.toDoubtful()
    this.#pending = this.#pending.filter((other) => other !== batch)
    // Sequences after it have a gap now: the rest of this identity's work is given up.
    if (this.#isIdempotent) this.#forget(life)
  }

  #firstOf({ topic, partition }: ProducedBatch): ProducedBatch | undefined {
    return this.#pending.find((batch) => batch.topic === topic && batch.partition === partition)
  }

  /** When nothing is in flight, sends again what was not stored, in order. */
  async #recover(life: KafkaLife): Promise<void> {
    while (this.#inFlight > 0) await life.step()
    this.#mustResend = false
    for (const batch of this.#pending) {
      if (batch.topic.hasEnded) {
        this.#forget(life)
        break
      }
    }
    if (this.#isIdempotent && this.#identity === undefined) await this.#takeIdentity(life)
    const pending = [...this.#pending]
    for (const batch of pending) {
      while (this.#inFlight >= inFlightMax) await life.step()
      if (this.#mustResend) return
      this.#send(life, batch)
    }
  }

  async #whenAnswered(life: KafkaLife): Promise<void> {
    while (this.#inFlight > 0) await life.step()
  }

  /** Gives up what is pending; an idempotent producer goes on under another id. */
  #forget({ connection }: KafkaLife): void {
    const given = this.#pending
    this.#pending = []
    this.#identity = undefined
    connection.link.whenClosedByBroker(() => {
      for (const { deed } of given) deed.toDoubtful()
    })
  }

  #onGone(): void {
    if (this.#isIdempotent) return
    for (const { deed } of this.#pending) deed.toDoubtful()
    this.#pending = []
  }
}
