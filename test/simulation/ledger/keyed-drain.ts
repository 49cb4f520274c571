// The last reader of the compacted topic: it waits until each key is there once, but for the last batch, and until
// tombstones are gone whose time is over.
import { createKeyed, scanKeyed } from './keyed-reader.ts'
import type { KeyedRecord } from './keyed-world.ts'
import type { LedgerWorld } from './ledger-world.ts'
import type { LifeLink } from './life-link.ts'

const pauseMs = 500
const patienceMs = 60_000
/** Tombstones that stay for longer are not waited for. */
const retentionMsMax = 10_000
/** Records that a writer puts into one batch, at most. */
const batchMax = 3

export class KeyedDrain {
  readonly #ledger: LedgerWorld

  constructor(ledger: LedgerWorld) {
    this.#ledger = ledger
  }

  async run(link: LifeLink): Promise<void> {
    const { world, plan } = this.#ledger
    if (plan.keyed.writers === 0) return
    await createKeyed(this.#ledger, link)
    const endMs = world.clock.monotonic() + patienceMs
    for (;;) {
      const records = await scanKeyed(this.#ledger, link, { sizeMax: 1_000_000 })
      // A pass of many jobs may never come to its end where the thread dies of some of them.
      if (world.plan.machine.threadDeathRate > 0) return
      const left = this.#leftOf(records)
      if (left === undefined) return
      if (world.clock.monotonic() > endMs) {
        throw world.history.fail(`after ${patienceMs} ms ${left}`)
      }
      await world.sleep(pauseMs)
    }
  }

  /** What compaction still owes. */
  #leftOf(records: readonly KeyedRecord[]): string | undefined {
    const last = (records.at(-1)?.offset ?? 0) - batchMax
    const seen = new Set<string>()
    for (const { key, value, offset } of records.filter((record) => record.offset <= last)) {
      if (seen.has(key)) return `'${key}' is there more than once, also at ${offset}`
      seen.add(key)
      const isDue = this.#ledger.plan.keyed.deleteRetentionMs <= retentionMsMax
      if (value === null && isDue) return `the tombstone of '${key}' is still at ${offset}`
    }
    return undefined
  }
}
