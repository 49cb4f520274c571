// What came in for one topic and is on its way to the cells that lead its partitions. A partition has a lane from its
// first message on, which the topic's row names.
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { TransitRow } from '../../meta/topology-change.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { TransitLane } from './transit-lane.ts'

/** The topic, as far as lanes need it. */
export interface TransitTopic {
  readonly topicId: string
  /** The other cell that leads a partition. */
  readonly cellOf: (number: number) => number
  /** Its row is another one. Called within an atom. */
  readonly onLaneAdded: () => void
}

export interface NewLane {
  readonly number: number
  readonly sequence: string
  readonly cursor: LogCursor
}

export interface TopicTransitParts {
  readonly store: LogStore
  readonly newSequence: () => string
  readonly addLane: (lane: NewLane) => TransitLane
}

export class TopicTransit {
  readonly #topic: TransitTopic
  readonly #parts: TopicTransitParts
  /** By number of the partition. */
  readonly #lanes = new Map<number, TransitLane>()

  constructor(topic: TransitTopic, parts: TopicTransitParts) {
    this.#topic = topic
    this.#parts = parts
  }

  get lanes(): Iterable<TransitLane> {
    return this.#lanes.values()
  }

  get rows(): TransitRow[] {
    return [...this.#lanes.values()].map(({ row }) => row)
  }

  /** Bytes that are on their way. */
  get size(): number {
    let size = 0
    for (const lane of this.#lanes.values()) size += lane.size
    return size
  }

  /** A message for a partition. Within an atom. */
  append(number: number, source: RecordSource, sharedPosition: number): void {
    const lane = this.#lanes.get(number) ?? this.#open(number)
    lane.append(source, sharedPosition)
  }

  /** Puts back a lane of an earlier process. */
  restore({ number, sequence }: TransitRow, cursor: LogCursor): void {
    this.#lanes.set(number, this.#parts.addLane({ number, sequence, cursor }))
  }

  /** The topic goes, and what is on its way to it. Within an atom. */
  delete(): void {
    for (const lane of this.#lanes.values()) {
      this.#parts.store.deleteLog(lane.log)
      lane.forget()
    }
    this.#lanes.clear()
  }

  #open(number: number): TransitLane {
    const { store, newSequence, addLane } = this.#parts
    const cursor = store.createCursor(store.createLog({ isVolatile: false }))
    const lane = addLane({ number, sequence: newSequence(), cursor })
    this.#lanes.set(number, lane)
    this.#topic.onLaneAdded()
    return lane
  }
}
