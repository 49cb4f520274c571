// Asks for the ends of all partitions again and again. An answer says in which life of the broker it was
// given (the leader epoch); what was appended in that life or before must reach that far for ever.

import { setTimeout as delay } from 'node:timers/promises'
import { BrokerView, type FoundBatch } from './broker-view.ts'
import type { RecordLedger } from './record-ledger.ts'

const pauseMs = 3

export class EndWatcher {
  readonly #ledger: RecordLedger
  readonly #port: number
  /** Leader epoch → the highest ends that were shown in it. */
  readonly #shown = new Map<number, number[]>()
  #isOver = false

  constructor(ledger: RecordLedger, port: number) {
    this.#ledger = ledger
    this.#port = port
  }

  /** Watches until it is closed; connects again when the broker is back. */
  async run(): Promise<void> {
    while (!this.#isOver) {
      await this.#watch().catch(() => {})
      await delay(pauseMs)
    }
  }

  close(): void {
    this.#isOver = true
  }

  /** `batches` is all that a partition has. */
  judge(partition: number, batches: readonly FoundBatch[]): void {
    for (const [epoch, ends] of this.#shown) {
      const shown = ends[partition] ?? 0
      const last = batches.findLast(({ leaderEpoch }) => leaderEpoch <= epoch)
      const end = last === undefined ? 0 : last.baseOffset + last.values.length
      if (end >= shown) continue
      const text = `was shown to end at ${shown} in epoch ${epoch}, whose records end at ${end}`
      this.#ledger.violate(partition, '', text)
    }
  }

  async #watch(): Promise<void> {
    const { topic, partitionCount } = this.#ledger
    await using view = await BrokerView.open(this.#port)
    while (!this.#isOver) {
      const places = await view.endPlaces(topic, partitionCount)
      for (const [partition, { offset, leaderEpoch }] of places.entries()) {
        const ends = this.#shown.get(leaderEpoch) ?? []
        this.#shown.set(leaderEpoch, ends)
        ends[partition] = Math.max(ends[partition] ?? 0, offset)
        this.#ledger.showEnd(partition, offset)
      }
      await delay(pauseMs)
    }
  }
}
