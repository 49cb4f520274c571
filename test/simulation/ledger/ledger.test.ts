// Transactions and a compacted topic over faults and crashes: a short part of `npm run simulate -- --only ledger`, and
// what it finds when a promise is broken on purpose.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GroupCoordinator } from '../../../src/broker/group/group-coordinator.ts'
import { AbortedTransactions } from '../../../src/broker/topic/aborted-transactions.ts'
import { Partition } from '../../../src/broker/topic/partition.ts'
import { KeyOffsets } from '../../../src/crossing/compaction/key-offsets.ts'
import { everyNth } from '../planted.ts'
import { simulate } from '../simulation.ts'
import { onlyLedger } from './only-ledger.ts'

const seedCount = 5
const plantedSeedCount = 40

describe('transactions and the latest record of each key', () => {
  it('are whole whatever becomes of disk, connections and process', async () => {
    for (let seed = 1; seed <= seedCount; seed++) {
      const { violation } = await simulate({ seed, adapt: onlyLedger })
      assert.equal(violation, undefined, `seed ${seed}: ${violation?.message}`)
    }
  })
})

describe('a broker is found out that now and then', () => {
  it('forgets which transactions were aborted', async (t) => {
    t.mock.method(AbortedTransactions.prototype, 'restore', () => undefined)
    assert.match(await findViolation(), /aborted transaction .* shows/)
  })

  it('ends a transaction without a marker in one of its partitions', async (t) => {
    const { endTransaction } = Partition.prototype
    const isForgotten = everyNth(7)
    t.mock.method(
      Partition.prototype,
      'endTransaction',
      function forget(this: Partition, ...args: Parameters<Partition['endTransaction']>) {
        return isForgotten() ? false : endTransaction.apply(this, args)
      },
    )
    assert.match(await findViolation(), /hanging|lost|aborted transaction .* shows|is answered/)
  })

  it('forgets the offsets of a transaction', async (t) => {
    const { endTransaction } = GroupCoordinator.prototype
    const isForgotten = everyNth(5)
    t.mock.method(
      GroupCoordinator.prototype,
      'endTransaction',
      function forget(
        this: GroupCoordinator,
        end: Parameters<GroupCoordinator['endTransaction']>[0],
      ) {
        return endTransaction.call(this, isForgotten() ? { ...end, isCommit: false } : end)
      },
    )
    assert.match(await findViolation(), /its offset is/)
  })

  it('lets go of the latest record of a key', async (t) => {
    const { get } = KeyOffsets.prototype
    const isWrong = everyNth(9)
    t.mock.method(
      KeyOffsets.prototype,
      'get',
      function hurry(this: KeyOffsets, ...args: Parameters<KeyOffsets['get']>) {
        return get.apply(this, args) + (isWrong() ? 1 : 0)
      },
    )
    assert.match(await findViolation(), /was shown (nothing|'.*' is the last) of/)
  })
})

/** What the first seed that finds anything finds. */
async function findViolation(): Promise<string> {
  for (let seed = 1; seed <= plantedSeedCount; seed++) {
    const { violation } = await simulate({ seed, adapt: onlyLedger })
    if (violation !== undefined) return `${violation.message} (seed ${seed})`
  }
  return 'nothing'
}
