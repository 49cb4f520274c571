// Topics made, grown, cut and deleted by a Kafka client, noted in the model.
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import type { QueueLife } from '../model/queue-life.ts'
import { errorOf } from './error-of.ts'
import type { KafkaConnection } from './kafka-connection.ts'
import type { KafkaLife } from './kafka-protocol.ts'

const timeoutMs = 30_000

export class TopicActions {
  readonly #life: KafkaLife

  constructor(life: KafkaLife) {
    this.#life = life
  }

  /** Creates a topic that may be there already. */
  async create(name: string, partitionCount: number): Promise<QueueLife> {
    const { world, connection } = this.#life
    const { history, topology } = world.model
    return this.#whileLocked(name, async () => {
      const kind = {
        type: 'stream',
        isDurable: true,
        isExclusive: false,
        isAutoDelete: false,
      } as const
      let topic = topology.queueOf(name, kind)
      const wasThere = topic.presence.state === 'yes'
      const askedAt = history.next()
      if (!wasThere) topic.presence.set(askedAt, 'maybe')
      const asked = { name, numPartitions: partitionCount, replicationFactor: 1 }
      this.#note(`creates ${name} with ${partitionCount} partitions`)
      const request = {
        topics: [{ ...asked, assignments: [], configs: [] }],
        timeoutMs,
        validateOnly: false,
      }
      await connection.call('createTopics', request, {
        onAnswer: ({ topics: [created] }) => {
          const error = errorOf(created?.errorCode ?? 0)
          this.#note(`is told that ${name} was created: ${error}`)
          if (topic.hasEnded) return
          if (error === 'NONE') {
            if (topic.presence.firstAt < askedAt) topic = this.#renew(topic, { wasThere, askedAt })
            topic.onCreated(partitionCount, created?.topicId)
            topic.presence.set(history.next(), 'yes')
          } else if (error === 'TOPIC_ALREADY_EXISTS') {
            topic.presence.set(history.next(), 'yes')
          } else throw history.fail(`${name} was not created: ${error}`)
        },
      })
      if (topic.partitionCount === 0) await describeTopic(connection, topic)
      return topic
    })
  }

  async delete(topic: QueueLife): Promise<void> {
    const { world, connection } = this.#life
    const { history, topology } = world.model
    await this.#whileLocked(topic.name, async () => {
      if (topic.presence.state !== 'yes') return
      topology.doubt(topic)
      this.#note(`deletes ${topic.name}`)
      const request = {
        topics: [{ name: topic.name, topicId: zeroUuid }],
        topicNames: [topic.name],
        timeoutMs,
      }
      await connection.call('deleteTopics', request, {
        onAnswer: ({ responses: [deleted] }) => {
          const error = errorOf(deleted?.errorCode ?? 0)
          this.#note(`is told that ${topic.name} was deleted: ${error}`)
          if (error === 'NONE' || error === 'UNKNOWN_TOPIC_OR_PARTITION') topology.end(topic)
          else throw history.fail(`${topic.name} was not deleted: ${error}`)
        },
      })
    })
  }

  /** Adds a partition. */
  async grow(topic: QueueLife): Promise<void> {
    const { world, connection } = this.#life
    await this.#whileLocked(topic.name, async () => {
      if (topic.presence.state !== 'yes') return
      const count = topic.partitionCount + 1
      const request = {
        topics: [{ name: topic.name, count, assignments: null }],
        timeoutMs,
        validateOnly: false,
      }
      this.#note(`grows ${topic.name} to ${count}`)
      await connection.call('createPartitions', request, {
        onAnswer: ({ results: [grown] }) => {
          const error = errorOf(grown?.errorCode ?? 0)
          this.#note(`is told that ${topic.name} was grown: ${error}`)
          if (error === 'NONE') topic.onCreated(count, undefined)
        },
      })
      if (topic.partitionCount < count) {
        world.trace.note(this.#life.name, `looks at ${topic.name}`)
        await describeTopic(connection, topic)
      }
    })
  }

  /** Deletes records below an offset. */
  async cut(topic: QueueLife, partition: number, offset: number): Promise<void> {
    const { world, connection, name } = this.#life
    const facts = topic.logOf(partition)
    const askedAt = world.history.next()
    facts.trimAsked = Math.max(facts.trimAsked, offset)
    this.#note(`cuts ${facts.name} below ${offset}`)
    const partitions = [{ partitionIndex: partition, offset }]
    const request = { topics: [{ name: topic.name, partitions }], timeoutMs }
    await connection.call('deleteRecords', request, {
      onAnswer: ({ topics: [answer] }) => {
        const cut = answer?.partitions[0]
        const error = errorOf(cut?.errorCode ?? 0)
        this.#note(`is told that ${facts.name} was cut: ${error} ${cut?.lowWatermark}`)
        if (error === 'NONE')
          facts.onStart(cut?.lowWatermark ?? 0, { askedAt, who: name, isKept: true })
      },
    })
  }

  /** A topic was made under a name that once stood for another: the old one is gone. */
  #renew(
    topic: QueueLife,
    { wasThere, askedAt }: { readonly wasThere: boolean; readonly askedAt: number },
  ): QueueLife {
    const { history, topology } = this.#life.world.model
    if (wasThere) throw history.fail(`${topic.name} was made although it was there`)
    topology.end(topic)
    const next = topology.queueOf(topic.name, topic.kind)
    next.presence.set(askedAt, 'maybe')
    return next
  }

  #note(what: string): void {
    this.#life.world.history.onNote(this.#life.name, what)
  }

  /** The lock is kept while the broker may still do what it was asked. */
  async #whileLocked<T>(name: string, action: () => Promise<T>): Promise<T> {
    const free = await this.#life.world.locks.take(name)
    try {
      const result = await action()
      free()
      return result
    } catch (error) {
      this.#life.connection.link.whenClosedByBroker(free)
      throw error
    }
  }
}

/** Learns how many partitions a topic has, and its id. */
export async function describeTopic(connection: KafkaConnection, topic: QueueLife): Promise<void> {
  const request = {
    topics: [{ topicId: zeroUuid, name: topic.name }],
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  }
  await connection.call('metadata', request, {
    onAnswer: ({ topics: [found] }) => {
      if (found === undefined || errorOf(found.errorCode) !== 'NONE') return
      topic.onSeen(found.partitions.length, found.topicId)
    },
  })
}
