// The groups of the home: their offsets are staged for transactions and decided with their ends.
import { GroupCoordinator } from '../../../src/broker/group/group-coordinator.ts'
import { groupRowsOf, LogGroupStore } from '../../../src/broker/group/log-group-store.ts'
import type { TransactionMember } from '../../../src/broker/transaction/transaction-cell.ts'
import type { Clock } from '../../../src/lib/clock.ts'
import { seededRandom } from '../../../src/testing/seeded-random.ts'
import type { DelaysUnderTest } from '../../support/delays-under-test.ts'
import { topic } from './life.ts'

export class Places {
  readonly member: TransactionMember
  readonly #groups: GroupCoordinator

  constructor(it: DelaysUnderTest<Clock>, clock: Clock, state: ReadonlyMap<string, Buffer>) {
    const found = { name: topic, topicId: '', partitionCount: 1 }
    const topics = {
      version: 0,
      find: (name: string) => (name === topic ? found : undefined),
      findById: () => undefined,
      names: () => [topic],
    }
    const store = new LogGroupStore(it.broker.store)
    const groups = new GroupCoordinator({ clock, random: seededRandom(1), store, topics })
    groups.restore(groupRowsOf(state))
    groups.start()
    this.#groups = groups
    this.member = { onTransactionEnd: (end) => groups.endTransaction(end) }
  }

  close(): void {
    this.#groups.close()
  }

  /** 'unstable': a transaction may still change it. */
  offsetOf(groupId: string): number | 'unstable' {
    const place = { topic, partition: 0 }
    if (this.#groups.isUnstable(groupId, place)) return 'unstable'
    return this.#groups.fetchOffset(groupId, place).committed?.offset ?? 0
  }

  /** Resolves when it is kept. */
  stage(groupId: string, producerId: number, offset: number): Promise<void> {
    const place = { topic, partition: 0, offset, leaderEpoch: -1, metadata: '' }
    const member = { memberId: '', instanceId: undefined, generation: -1, knowsMissingGroup: true }
    return new Promise((resolve, reject) => {
      this.#groups.stageOffsets({ groupId, producerId, offsets: [place], ...member }, ([error]) => {
        if (error === undefined) resolve()
        else reject(new Error(error))
      })
    })
  }
}
