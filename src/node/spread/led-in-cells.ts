// The partitions that the cells of this node lead, for Kafka's requests about records: whichever cell has one, and
// whichever cell a connection belongs to.
import { defaultVHost } from '../../broker/broker.ts'
import type { Destination } from '../../broker/destination.ts'
import { cellFinderOf } from '../../broker/topic/cell-of-partition.ts'
import type { Partition } from '../../broker/topic/partition.ts'
import type { TopicConfig } from '../../broker/topic/topic-config.ts'
import type { TopicView } from '../../broker/topic/topic-view.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import type { Topics } from '../../broker/topic/topics.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import type { LedCell, LedTopics, Moves } from '../../server/kafka/led-topics.ts'
import type { ServedCell, ServedCells } from '../served-cells.ts'

export class LedInCells implements LedTopics {
  readonly hasBranches = true
  readonly moves: Moves
  readonly #cells: Pick<ServedCells, 'find' | 'all'>
  readonly #homeNumber: () => number | undefined
  /** By topic id, as long as the view that they are made of is the same. */
  readonly #views = new Map<string, JoinedView>()
  /** Of cells that have been looked at, also when they are gone: somebody may have a partition of one in hand. */
  readonly #byStore = new WeakMap<Partition['store'], LedCell>()
  readonly #onMoves = new Set<() => void>()
  #moveCount = 0

  constructor(cells: Pick<ServedCells, 'find' | 'all'>, homeNumber: () => number | undefined) {
    this.#cells = cells
    this.#homeNumber = homeNumber
    const countOf = (): number => this.#moveCount
    this.moves = {
      get count() {
        return countOf()
      },
      onMove: (listener) => {
        this.#onMoves.add(listener)
        return () => void this.#onMoves.delete(listener)
      },
    }
  }

  /** A cell is served here no more: who waits for its records hears that they are elsewhere. */
  onLeft(): void {
    this.#moveCount++
    for (const listener of this.#onMoves) listener()
  }

  get knowsAll(): boolean {
    return this.#home !== undefined
  }

  find(name: string): TopicView | undefined {
    return this.#join(this.#first((topics) => topics.find(name)))
  }

  findById(topicId: string): TopicView | undefined {
    return this.#join(this.#first((topics) => topics.findById(topicId)))
  }

  *views(): Generator<TopicView, void> {
    const seen = new Set<string>()
    const cells = this.#home ? [this.#home] : this.#cells.all()
    for (const cell of cells) {
      for (const view of this.#topicsOf(cell).views()) {
        if (seen.has(view.topicId)) continue
        seen.add(view.topicId)
        yield this.#join(view) as TopicView
      }
    }
  }

  cellOf(partition: Partition): LedCell {
    return this.#byStore.get(partition.store) as LedCell
  }

  *partitionsOf({
    topicId,
  }: TopicView): Generator<readonly [number: number, partition: Partition]> {
    for (const cell of this.#cells.all()) {
      const { partitions, topic } = this.#topicsOf(cell).findById(topicId) ?? {}
      for (const [at, partition] of partitions?.entries() ?? []) {
        if (partition.remote === undefined) yield [topic?.numbers?.[at] ?? at, partition]
      }
    }
  }

  *cells(): Generator<LedCell> {
    for (const { parts } of this.#cells.all()) yield parts.cell
  }

  get #home(): ServedCell | undefined {
    const number = this.#homeNumber()
    return number === undefined ? undefined : this.#cells.find(number)
  }

  /** What the home says counts, where it is here. */
  #first(look: (topics: Topics) => TopicView | undefined): TopicView | undefined {
    const home = this.#home
    if (home !== undefined) return look(this.#topicsOf(home))
    for (const cell of this.#cells.all()) {
      const view = look(this.#topicsOf(cell))
      if (view !== undefined) return view
    }
    return undefined
  }

  #topicsOf({ parts: { cell } }: ServedCell): Topics {
    const { broker } = cell
    this.#byStore.set(broker.store, cell)
    return broker.topicsOf(broker.getVHost(defaultVHost))
  }

  /** The same topic with the partitions that any cell of this node leads. */
  #join(view: TopicView | undefined): TopicView | undefined {
    const { topic, topicId } = view ?? {}
    if (view === undefined || topicId === undefined || (topic?.spread ?? 0) === 0) return view
    const known = this.#views.get(topicId)
    if (known?.base === view) return known
    const joined = new JoinedView(view, topic as Topic, (cell) => this.#partIn(cell, topicId))
    this.#views.delete(topicId)
    this.#views.set(topicId, joined)
    const [oldest] = this.#views.keys()
    if (this.#views.size > kafkaLimits.joinedTopicsMax) this.#views.delete(oldest as string)
    return joined
  }

  #partIn(cell: number, topicId: string): TopicView | undefined {
    const served = this.#cells.find(cell)
    return served && this.#topicsOf(served).findById(topicId)
  }
}

class JoinedView implements TopicView {
  readonly name: string
  readonly topicId: string
  readonly topic: Topic
  readonly hasGaps: boolean
  readonly base: TopicView
  readonly #cellOf: (index: number) => number
  readonly #partIn: (cell: number) => TopicView | undefined

  constructor(base: TopicView, topic: Topic, partIn: (cell: number) => TopicView | undefined) {
    const { name, topicId, hasGaps } = base
    this.name = name
    this.topicId = topicId
    this.hasGaps = hasGaps
    this.base = base
    this.topic = topic
    this.#cellOf = cellFinderOf(topicId, topic.spread)
    this.#partIn = partIn
  }

  get partitions(): readonly Partition[] {
    return this.base.partitions
  }

  get config(): TopicConfig {
    return this.base.config
  }

  get source(): Destination {
    return this.base.source
  }

  led(index: number): Partition | undefined {
    return index < 0 ? undefined : this.#partIn(this.#cellOf(index))?.led(index)
  }

  cellElsewhere(index: number): number | undefined {
    // A part does not know how many partitions there are.
    const isKnown = this.topic.numbers !== undefined || index < this.partitions.length
    if (!isKnown || index < 0 || this.led(index) !== undefined) return undefined
    return this.#cellOf(index)
  }
}
