// Transactions of Kafka as a seed draws them: who shares an id with whom, where they write, and who reads.
import { seededRandom } from '../../../src/testing/seeded-random.ts'
import type { Limits } from '../draw-limits.ts'
import { Draw } from '../draw.ts'

export interface LedgerProducer {
  /** Several may have one: then they fence each other. */
  readonly transactionalId: string
  readonly version: 1 | 2
}

export interface LedgerPlan {
  readonly producers: readonly LedgerProducer[]
  readonly readers: number
  /** At a work queue; without any, nobody writes to one. */
  readonly takers: number
  readonly partitions: number
  /** Of the topic with keys, of which the latest record of each stays. */
  readonly keyed: KeyedPlan
}

export interface KeyedPlan {
  readonly writers: number
  readonly readers: number
  readonly keys: number
  /** How long tombstones stay once they were seen, in ms. */
  readonly deleteRetentionMs: number
  /** Records so old are compacted, in ms. */
  readonly segmentMs: number
}

/** Undefined for most seeds. */
export function ledgerOf(seed: number): LedgerPlan | undefined {
  return seededRandom(seed ^ 0x1ed9).next() < 0.2 ? drawLedger(seed) : undefined
}

export function drawLedger(seed: number): LedgerPlan {
  const draw = new Draw(seededRandom(seed ^ 0x1ed6e4))
  const idCount = draw.between(1, 3)
  return {
    producers: Array.from({ length: draw.between(1, 4) }, () => {
      const at = draw.between(1, idCount)
      return { transactionalId: `ledger-${at}`, version: at % 2 === 0 ? 1 : 2 }
    }),
    readers: draw.between(0, 2),
    takers: draw.between(0, 2),
    partitions: draw.between(1, 3),
    keyed: {
      writers: draw.between(0, 3),
      readers: draw.between(0, 2),
      keys: draw.between(1, 6),
      deleteRetentionMs: draw.oneOf([0, 300, 3000, 1_000_000_000]),
      segmentMs: draw.oneOf([100, 1000]),
    },
  }
}

/** Of the broker: what takes minutes otherwise happens within a run. */
export function limitsWithLedger(ledger: LedgerPlan | undefined): Pick<Limits, 'topic'> {
  if (ledger === undefined) return {}
  return { topic: { compactionCheckMs: 300, compactionTickMs: 100, compactionRetryMs: 500 } }
}
