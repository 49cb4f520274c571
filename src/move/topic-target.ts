// Topics of the running broker, as the target of a move.
import { type BrokerDoor, type DoorAnswer, reasonOf } from './broker-door.ts'
import type { SourceOffset, SourceTopic } from './kafka-source.ts'
import { MoveError } from './move-error.ts'

export interface TargetPartition {
  readonly end: number
  /** Nothing is in it but what was copied. */
  readonly isCopy: boolean
}

/** Batches that follow on one another. */
export interface BatchesToCopy {
  readonly topic: string
  readonly partition: number
  readonly from: number
  readonly to: number
  /** Where the partition begins at the source. */
  readonly start: number
  readonly batches: Buffer
}

/** What became of the offsets of a group. */
export interface SetOffsets {
  readonly set: number
  readonly kept: number
  readonly reason?: string
}

interface TopicAnswer {
  readonly partitions: readonly { readonly end_offset: number; readonly is_copy: boolean }[]
}

const blocked = 429

export class TopicTarget {
  readonly #broker: BrokerDoor

  constructor(broker: BrokerDoor) {
    this.#broker = broker
  }

  /** The partitions of a topic; undefined when it is not there. */
  async find(topic: string): Promise<readonly TargetPartition[] | undefined> {
    const answer = await this.#broker.send('GET', ['v1', 'moves', 'topics', topic], {})
    return answer.status === 404 ? undefined : partitionsOf(topic, answer)
  }

  /** Makes it as it is at the source, unless it is there. */
  async make({ name, partitionCount, configs }: SourceTopic): Promise<readonly TargetPartition[]> {
    const content = JSON.stringify({ partition_count: partitionCount, configs })
    const answer = await this.#broker.send('PUT', ['v1', 'moves', 'topics', name], { content })
    return partitionsOf(name, answer)
  }

  /** Resolves with why that is not possible now; undefined when they are durable. */
  async copy({
    topic,
    partition,
    from,
    to,
    start,
    batches,
  }: BatchesToCopy): Promise<string | undefined> {
    const path = ['v1', 'moves', 'topics', topic, String(partition), 'batches']
    const query = `?from=${from}&to=${to}&start=${start}`
    const answer = await this.#broker.send('POST', path, { query, content: batches })
    if (answer.status === blocked) return `Pabal is ${reasonOf(answer)}`
    if (answer.status === 200) return undefined
    throw refusal(`partition ${partition} of topic '${topic}'`, answer)
  }

  async setOffsets(group: string, offsets: readonly SourceOffset[]): Promise<SetOffsets> {
    const path = ['v1', 'moves', 'groups', group, 'offsets']
    const answer = await this.#broker.send('POST', path, { content: JSON.stringify({ offsets }) })
    if (answer.status !== 200) throw refusal(`group '${group}'`, answer)
    return JSON.parse(answer.text) as SetOffsets
  }
}

function partitionsOf(topic: string, answer: DoorAnswer): readonly TargetPartition[] {
  if (answer.status !== 200) throw refusal(`topic '${topic}'`, answer)
  const { partitions } = JSON.parse(answer.text) as TopicAnswer
  return partitions.map(({ end_offset: end, is_copy: isCopy }) => ({ end, isCopy }))
}

function refusal(what: string, answer: DoorAnswer): MoveError {
  const kind = answer.status === 404 ? 'missing' : 'refused'
  return new MoveError(kind, `${what} at Pabal: ${reasonOf(answer)}`)
}
