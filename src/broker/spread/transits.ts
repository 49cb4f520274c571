// Messages that came in here for partitions that other cells lead. They are durable here first, in the atom of all else
// that their publisher did, and that is what it is told; then they go to the leaders, in order and once. Where too many
// are on their way, publishers wait.
import type { Clock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { spreadLimits } from '../../limits/spread.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Shortage } from '../shortage.ts'
import type { CellLines } from './cell-lines.ts'
import { CellSender } from './cell-sender.ts'
import { type NewLane, TopicTransit, type TransitTopic } from './topic-transit.ts'
import { type LaneOwner, TransitLane } from './transit-lane.ts'

export interface TransitsParts {
  readonly store: LogStore
  readonly clock: Clock
  readonly random: Random
  readonly shortage: Shortage
  readonly lines: CellLines
}

export class Transits implements LaneOwner {
  readonly store: LogStore
  /** Above this publishers wait. */
  readonly sizeMax: number = spreadLimits.transitSizeMax
  readonly #parts: TransitsParts
  readonly #senders = new Map<number, CellSender>()
  readonly #waiting = new Set<TransitLane>()
  #size = 0
  #onTrouble: (error: Error) => void = () => undefined

  constructor(parts: TransitsParts) {
    this.#parts = parts
    this.store = parts.store
  }

  /** Bytes that are on their way. */
  get size(): number {
    return this.#size
  }

  /** What comes in for a topic. */
  of(topic: TransitTopic): TopicTransit {
    const { store, random } = this.#parts
    const newSequence = (): string => random.bytes(16).toString('base64url')
    return new TopicTransit(topic, {
      store,
      newSequence,
      addLane: (lane) => this.#add(topic, lane),
    })
  }

  /** Cells can be asked from now on. */
  start(onTrouble: (error: Error) => void): void {
    this.#onTrouble = onTrouble
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const lane of waiting) this.onReady(lane)
  }

  onReady(lane: TransitLane): void {
    if (!lane.hasDurable) return
    if (this.#parts.lines.isOpen) this.#senderOf(lane.cell).add(lane)
    else this.#waiting.add(lane)
  }

  onSize(change: number): void {
    this.#size += change
    const { shortage } = this.#parts
    if (this.#size > this.sizeMax) shortage.set('transit', true)
    else if (this.#size <= spreadLimits.transitSizeLow) shortage.set('transit', false)
  }

  #add({ topicId, cellOf }: TransitTopic, { number, sequence, cursor }: NewLane): TransitLane {
    const place = { topicId, number, cell: cellOf(number), sequence, cursor }
    const lane = new TransitLane(place, this)
    this.onReady(lane)
    return lane
  }

  #senderOf(cell: number): CellSender {
    const known = this.#senders.get(cell)
    if (known !== undefined) return known
    const { clock, lines } = this.#parts
    const onTrouble = (error: Error): void => this.#onTrouble(error)
    const sender = new CellSender({ clock, line: lines.of(cell), onTrouble })
    this.#senders.set(cell, sender)
    return sender
  }
}
