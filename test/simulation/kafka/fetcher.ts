// A Kafka consumer without a group: reads partitions from wherever it likes, with long polls and with sessions.
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import type {
  FetchPartition,
  FetchResponse,
  PartitionData,
} from '../../../src/codec/kafka/messages/fetch.gen.ts'
import { checkShown } from '../model/check-fetched.ts'
import type { QueueLife } from '../model/queue-life.ts'
import { errorOf } from './error-of.ts'
import { type KafkaLife, pickTopic } from './kafka-protocol.ts'
import { readRecords } from './read-records.ts'

/** A partition that is read, and where. */
interface Position {
  /** When it was taken up: its name may stand for something else since. */
  readonly chosenAt: number
  readonly topic: QueueLife
  readonly partition: number
  offset: number
}

/** One fetch. */
interface Asked {
  readonly askedAt: number
  /** It asks for one partition only. */
  readonly isAlone: boolean
}

/** Newest version that names topics; later ones use their ids. */
const versionByName = 12
const timestampOf = { latest: -1, earliest: -2 } as const

export class Fetcher {
  readonly #life: KafkaLife
  #positions: Position[] = []
  /** 0 without a session. */
  #sessionId = 0
  #sessionEpoch = 0
  readonly #usesSession: boolean
  readonly #usesIds: boolean

  constructor(life: KafkaLife) {
    this.#life = life
    this.#usesSession = life.draw.chance(0.4)
    this.#usesIds = life.draw.chance(0.3)
  }

  /** One connection's work. */
  static async work(this: void, life: KafkaLife): Promise<void> {
    const { draw, world } = life
    const fetcher = new Fetcher(life)
    for (let left = draw.between(3, 40); left > 0 && !world.isWindingDown; left--) {
      if (fetcher.#positions.length === 0 || draw.chance(0.1)) await fetcher.#choose()
      await fetcher.#fetch()
      await life.step()
    }
  }

  /** Takes up some partitions, at their beginning, their end, or where it happens to be. */
  async #choose(): Promise<void> {
    const { draw, world } = this.#life
    const chosenAt = world.history.next()
    const topic = pickTopic(this.#life)
    if (topic === undefined || topic.partitionCount === 0) return
    if (this.#usesIds && topic.topicId === undefined) return
    const partition = draw.between(0, topic.partitionCount - 1)
    this.#positions = this.#positions.filter(
      (other) => other.topic !== topic || other.partition !== partition,
    )
    const where = draw.oneOf(['earliest', 'latest', 'known'] as const)
    const facts = topic.logOf(partition)
    const offset =
      where === 'known'
        ? draw.between(facts.start, facts.end)
        : await this.#ask(topic, partition, where)
    if (offset < 0) return
    this.#positions.push({ topic, partition, offset, chosenAt })
    if (this.#positions.length > 4) this.#positions.shift()
    // Other partitions than the session has: it begins anew.
    this.#sessionId = 0
    this.#sessionEpoch = 0
  }

  /** ListOffsets; -1 when there is no such partition any more. */
  async #ask(topic: QueueLife, partition: number, what: 'earliest' | 'latest'): Promise<number> {
    const { connection, world, name } = this.#life
    const askedAt = world.history.next()
    const facts = topic.logOf(partition)
    const asked = {
      partitionIndex: partition,
      currentLeaderEpoch: -1,
      timestamp: timestampOf[what],
    }
    let offset = -1
    await connection.call(
      'listOffsets',
      {
        replicaId: -1,
        isolationLevel: 0,
        topics: [{ name: topic.name, partitions: [asked] }],
        timeoutMs: 10_000,
      },
      {
        onAnswer: ({ topics: [answer] }) => {
          const found = answer?.partitions[0]
          if (errorOf(found?.errorCode ?? 0) !== 'NONE') return
          offset = found?.offset ?? -1
          this.#note(`is told that ${facts.name} has its ${what} at ${offset}`)
          if (this.#isOtherNow(topic, askedAt)) return
          if (what === 'latest') facts.onEnd(offset, askedAt, name)
          else if (topic.kind.type === 'stream') facts.onStart(offset, { askedAt, who: name })
        },
      },
    )
    return offset
  }

  async #fetch(): Promise<void> {
    const { draw, connection, world } = this.#life
    if (this.#positions.length === 0) return
    const askedAt = world.history.next()
    const asked = this.#positions.map((position) => ({ position, from: position.offset }))
    this.#note(`fetches ${asked.map(({ position, from }) => describe(position, from)).join(', ')}`)
    const request = {
      clusterId: null,
      replicaId: -1,
      replicaState: { replicaId: -1, replicaEpoch: -1 },
      maxWaitMs: draw.oneOf([0, 50, 1000]),
      minBytes: draw.oneOf([0, 1, 10_000]),
      maxBytes: draw.oneOf([1, 1000, 1_000_000]),
      isolationLevel: draw.oneOf([0, 1]),
      sessionId: this.#sessionId,
      sessionEpoch: this.#usesSession ? this.#sessionEpoch : -1,
      topics: asked.map(({ position }) => ({
        topic: position.topic.name,
        topicId: position.topic.topicId ?? zeroUuid,
        partitions: [this.#partitionOf(position)],
      })),
      forgottenTopicsData: [],
      rackId: '',
    }
    const version = this.#usesIds ? 17 : versionByName
    // A session may hold partitions that nobody wants any more, and they are first.
    const isAlone = asked.length === 1 && this.#sessionId === 0
    await connection.call('fetch', request, {
      version,
      onAnswer: (answer) => this.#onAnswer(answer, { askedAt, isAlone }),
    })
  }

  #partitionOf({ partition, offset }: Position): FetchPartition {
    return {
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: offset,
      lastFetchedEpoch: -1,
      logStartOffset: -1,
      partitionMaxBytes: this.#life.draw.oneOf([1, 500, 1_000_000]),
      replicaDirectoryId: zeroUuid,
      highWatermark: Number.MAX_SAFE_INTEGER,
    }
  }

  #onAnswer({ errorCode = 0, sessionId = 0, responses }: FetchResponse, asked: Asked): void {
    const error = errorOf(errorCode)
    if (error !== 'NONE') {
      this.#note(`is answered ${error}`)
      this.#sessionId = 0
      this.#sessionEpoch = 0
      return
    }
    if (this.#usesSession) {
      this.#sessionId = sessionId
      this.#sessionEpoch = sessionId === 0 ? 0 : this.#sessionEpoch + 1
    }
    for (const { topic: name, topicId, partitions } of responses) {
      for (const data of partitions) {
        const position = this.#positions.find(
          ({ topic, partition }) =>
            partition === data.partitionIndex &&
            (this.#usesIds ? topic.topicId === topicId : topic.name === name),
        )
        if (position !== undefined) this.#onPartition(position, data, asked)
      }
    }
  }

  #onPartition(position: Position, data: PartitionData, { askedAt, isAlone }: Asked): void {
    const { topic, partition, offset: from, chosenAt } = position
    const error = errorOf(data.errorCode)
    const { world, name } = this.#life
    const facts = topic.logOf(partition)
    if (this.#isOtherNow(topic, chosenAt)) {
      this.#positions = this.#positions.filter((other) => other !== position)
      return
    }
    if (error !== 'NONE') {
      this.#note(`is answered ${error} for ${facts.name}`)
      this.#checkError(position, error)
      this.#positions = this.#positions.filter((other) => other !== position)
      return
    }
    const { highWatermark, logStartOffset: start = 0 } = data
    facts.onEnd(highWatermark, askedAt, name)
    if (topic.kind.type === 'stream') facts.onStart(start, { askedAt, who: name })
    const { records, end } = readRecords(joined(data.records))
    const shown = records.map(({ id, offset }) => `${id}@${offset}`).join(' ')
    this.#note(`is shown ${facts.name} from ${from} to ${end} of ${highWatermark}: ${shown}`)
    if (end < 0) {
      if (isAlone) this.#checkNothing(position, highWatermark)
      return
    }
    if (end > highWatermark) {
      throw world.history.fail(`${name} was shown ${facts.name} up to ${end} of ${highWatermark}`)
    }
    checkShown(world.model, { queue: topic, partition, from, end, records, start, who: name })
    if (end <= from) throw world.history.fail(`${name} asked from ${from} and got up to ${end}`)
    position.offset = end
  }

  /** Only whoever asks for one partition can be sure to get something of it. */
  #checkNothing({ topic, partition, offset }: Position, highWatermark: number): void {
    if (topic.kind.type === 'queue' || offset >= highWatermark) return
    const facts = topic.logOf(partition)
    throw this.#life.world.history.fail(
      `${this.#life.name} got nothing of ${facts.name} from ${offset}, which ends at ${highWatermark}`,
    )
  }

  #checkError({ topic, partition, offset }: Position, error: string): void {
    const facts = topic.logOf(partition)
    const isKnown = offset >= facts.start && offset <= facts.end && offset >= facts.trimAsked
    if (error === 'OFFSET_OUT_OF_RANGE' && !isKnown) return
    throw this.#life.world.history.fail(
      `${this.#life.name} asked for ${facts.name} from ${offset}: ${error}`,
    )
  }

  /** The name may stand for something else than it did, or for nothing. */
  #isOtherNow(topic: QueueLife, askedAt: number): boolean {
    return !topic.presence.isAlways(askedAt, this.#life.world.history.now)
  }

  #note(what: string): void {
    this.#life.world.history.onNote(this.#life.name, what)
  }
}

function describe({ topic, partition }: Position, from: number): string {
  return `${topic.name}/${partition} from ${from}`
}

function joined(records: Buffer | readonly Buffer[] | null): Buffer {
  if (records === null) return Buffer.alloc(0)
  return Buffer.isBuffer(records) ? records : Buffer.concat(records)
}
