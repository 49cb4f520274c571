// What may never go back: ends of partitions, committed offsets, the leader epoch.

import type { BrokerView } from './broker-view.ts'
import { groupId } from './group-member.ts'
import type { RecordLedger } from './record-ledger.ts'

export class ProgressJudge {
  readonly #ledger: RecordLedger
  #epochs: readonly number[] = []

  constructor(ledger: RecordLedger) {
    this.#ledger = ledger
  }

  /** To be asked as soon as the broker is back, and again later in the same life of it. */
  async judge(
    view: BrokerView,
    { isSameStart = false }: { isSameStart?: boolean } = {},
  ): Promise<void> {
    const { topic, partitionCount } = this.#ledger
    // Clients go on meanwhile: what they are promised from here on may be missing in the answers.
    const ends = [...this.#ledger.ends]
    const committed = [...this.#ledger.committed]
    this.#compare('ends at', ends, await view.ends(topic, partitionCount))
    const found = await view.committed(groupId, topic, partitionCount)
    this.#compare('has the committed offset', committed, found)
    await this.#judgeEpochs(view, isSameStart)
  }

  /** Whether the group has committed everything there is. */
  async isRead(view: BrokerView): Promise<boolean> {
    const { topic, partitionCount } = this.#ledger
    const ends = await view.ends(topic, partitionCount)
    const committed = await view.committed(groupId, topic, partitionCount)
    return ends.every((end, partition) => end === committed[partition])
  }

  /** What lies below a committed offset has been read. */
  judgeReading(): void {
    const { committed, delivered } = this.#ledger
    for (const [partition, end] of committed.entries()) {
      for (let offset = 0; offset < end; offset++) {
        if (delivered[partition]!.has(offset)) continue
        this.#ledger.violate(partition, '', `${offset} was committed and never read`)
      }
    }
  }

  #compare(what: string, promised: readonly number[], found: readonly number[]): void {
    for (const [partition, least] of promised.entries()) {
      const now = found[partition] ?? -1
      if (now >= least) continue
      this.#ledger.violate(partition, '', `${what} ${now} after it was ${least}`)
    }
  }

  async #judgeEpochs(view: BrokerView, isSameStart: boolean): Promise<void> {
    const epochs = await view.leaderEpochs(this.#ledger.topic)
    for (const [partition, epoch] of epochs.entries()) {
      const before = this.#epochs[partition] ?? -1
      if (isSameStart ? epoch === before : epoch > before) continue
      this.#ledger.violate(partition, '', `has leader epoch ${epoch} after ${before}`)
    }
    this.#epochs = epochs
  }
}
