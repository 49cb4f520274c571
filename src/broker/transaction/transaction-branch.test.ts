// A cell that asks a coordinator elsewhere: what may be stored, and what may not although it was asked for.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { transactionLimits } from '../../limits/transaction.ts'
import type { Ticket } from '../../log/ticket.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import type { Partition } from '../topic/partition.ts'
import type { BranchEnd, JoinAnswers, JoinAsked, SettleAnswer } from './branch-messages.ts'
import { type Joining, TransactionBranch } from './transaction-branch.ts'
import type { TransactionErrorCode } from './transaction-error.ts'
import type { TransactionPart } from './transaction.ts'

const topicId = 'of t'
const named = { topicId, partition: 4 }
const part: TransactionPart = {
  topic: 't',
  partition: 4,
  logId: 0,
  elsewhere: { cell: 1, topicId },
}
const from = { transactionalId: 'x', producerId: 100, epoch: 3 }
const end: BranchEnd = {
  transactionalId: 'x',
  producerId: 100,
  epoch: 4,
  version: 2,
  coordinatorEpoch: 7,
  attempt: 1,
  isCommit: true,
  parts: [part],
}

class Fixture {
  readonly clock = new VirtualClock()
  readonly asked: (readonly JoinAsked[])[] = []
  readonly answers: PromiseWithResolvers<JoinAnswers>[] = []
  /** Ends that have come to the partitions. */
  readonly ended: { readonly attempt: number; readonly parts: number }[] = []
  /** The epoch that the partition knows of the producer; undefined: none. */
  epoch: number | undefined = 3
  settled: Promise<SettleAnswer> = Promise.reject(new Error('nobody'))
  readonly #tickets: (() => void)[] = []
  areCommitsHeld = false
  readonly branch = new TransactionBranch({
    clock: this.clock,
    cell: { end: (each) => this.#end(each as unknown as BranchEnd) },
    findPartition: () =>
      this.epoch === undefined
        ? undefined
        : ({ producers: { epochOf: () => this.epoch } } as unknown as Partition),
    coordinator: {
      join: (asked) => {
        this.asked.push(asked)
        const answer = Promise.withResolvers<JoinAnswers>()
        this.answers.push(answer)
        return answer.promise
      },
      settle: () => this.settled,
    },
  })

  constructor() {
    this.settled.catch(() => undefined)
  }

  join(version: 1 | 2 = 2): Joining {
    return this.branch.join(from, [named], version)
  }

  answer(outcome: JoinAnswers['outcomes'][number] = [null], coordinatorEpoch = 7): Promise<void> {
    this.answers.shift()!.resolve({ coordinatorEpoch, outcomes: [outcome] })
    return settled()
  }

  releaseCommits(): void {
    for (const go of this.#tickets.splice(0)) go()
  }

  #end({ attempt, parts }: BranchEnd): Ticket | undefined {
    this.ended.push({ attempt, parts: parts.length })
    if (!this.areCommitsHeld || parts.length === 0) return undefined
    let isDurable = false
    const told: (() => void)[] = []
    this.#tickets.push(() => {
      isDurable = true
      for (const go of told) go()
    })
    return {
      get isDurable() {
        return isDurable
      },
      whenDurable: (go) => void told.push(go),
    }
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}

function refused(code: TransactionErrorCode): { code: TransactionErrorCode } {
  return { code }
}

describe('a batch whose coordinator is elsewhere', () => {
  it('is stored once the coordinator has answered', async () => {
    const it = new Fixture()
    using joining = it.join()
    assert.deepEqual(it.asked, [[{ ...from, version: 2, parts: [named] }]])
    assert.throws(() => joining.expect(named), refused('concurrent_transactions'))
    await it.answer()
    await joining.answered
    joining.expect(named)
    assert.throws(
      () => joining.expect({ ...named, partition: 5 }),
      refused('concurrent_transactions'),
    )
  })

  it('is refused in the words of the coordinator', async () => {
    const it = new Fixture()
    using joining = it.join(1)
    await it.answer([{ code: 'transaction_abortable', message: 'no part' }])
    assert.throws(() => joining.expect(named), refused('transaction_abortable'))
  })

  it('is refused when nobody answers, in time or at all', async () => {
    const it = new Fixture()
    using cut = it.join()
    it.answers.shift()!.reject(new Error('cut'))
    await cut.answered
    assert.throws(() => cut.expect(named), refused('coordinator_not_available'))
    using silent = it.join()
    it.clock.advance(transactionLimits.callMsMax)
    await silent.answered
    assert.throws(() => silent.expect(named), refused('coordinator_not_available'))
  })

  it('is refused when an end has come since it was asked for', async () => {
    const it = new Fixture()
    using joining = it.join()
    await it.branch.end([end])
    await it.answer()
    assert.throws(() => joining.expect(named), refused('concurrent_transactions'))
    using again = it.join()
    await it.answer()
    again.expect(named)
    await it.branch.end([{ ...end, attempt: 2 }])
    assert.throws(() => again.expect(named), refused('concurrent_transactions'))
  })

  it('does not care for the ends of others, nor for those of before', async () => {
    const it = new Fixture()
    await it.branch.end([end])
    using joining = it.join()
    await it.branch.end([{ ...end, producerId: 101, attempt: 2 }])
    await it.answer()
    joining.expect(named)
  })

  it('does not believe a coordinator that another one has replaced', async () => {
    const it = new Fixture()
    await it.branch.end([{ ...end, coordinatorEpoch: 8 }])
    using joining = it.join()
    await it.answer([null], 7)
    assert.throws(() => joining.expect(named), refused('coordinator_not_available'))
  })
})

describe('an end that comes from a coordinator elsewhere', () => {
  it('comes once, however often it is sent', async () => {
    const it = new Fixture()
    await it.branch.end([{ ...end, attempt: 5 }])
    await it.branch.end([{ ...end, attempt: 5 }])
    await it.branch.end([{ ...end, attempt: 4 }])
    assert.deepEqual(it.ended, [{ attempt: 5, parts: 1 }])
  })

  it('touches no transaction that has begun since, also when it comes to another process', async () => {
    const it = new Fixture()
    it.epoch = 4
    await it.branch.end([end])
    it.epoch = 5
    await it.branch.end([{ ...end, version: 1, attempt: 2 }])
    assert.deepEqual(
      it.ended.map(({ parts }) => parts),
      [0, 0],
    )
    it.epoch = 4
    await it.branch.end([{ ...end, version: 1, attempt: 3 }])
    assert.equal(it.ended.at(-1)?.parts, 1)
  })

  it('is answered when what an earlier attempt has written is durable', async () => {
    const it = new Fixture()
    it.areCommitsHeld = true
    const answered: string[] = []
    void it.branch.end([end]).then(() => answered.push('first'))
    it.epoch = 4
    void it.branch.end([{ ...end, attempt: 2 }]).then(() => answered.push('second'))
    void it.branch.end([{ ...end, attempt: 3 }]).then(() => answered.push('third'))
    await settled()
    assert.deepEqual(answered, [])
    it.releaseCommits()
    await settled()
    assert.deepEqual(answered, ['first', 'second', 'third'])
  })

  it('is refused once another coordinator has sent one', async () => {
    const it = new Fixture()
    await it.branch.end([{ ...end, coordinatorEpoch: 8 }])
    await assert.rejects(it.branch.end([{ ...end, attempt: 9 }]), refused('producer_fenced'))
    assert.equal(it.ended.length, 1)
    await it.branch.end([{ ...end, coordinatorEpoch: 9 }])
    assert.equal(it.ended.length, 2)
  })
})

describe('settling from outside', () => {
  it('tells what the coordinator says, and its epoch', async () => {
    const it = new Fixture()
    it.settled = Promise.resolve({ coordinatorEpoch: 9, outcome: 'ended' })
    const asked = { producerId: 100, epoch: 3, isCommit: false }
    assert.equal((await it.branch.settle(asked)).outcome, 'ended')
    assert.equal(it.branch.coordinatorEpoch, 9)
  })

  it('is refused when nobody answers', async () => {
    const it = new Fixture()
    const asked = { producerId: 100, epoch: 3, isCommit: false }
    await assert.rejects(it.branch.settle(asked), refused('coordinator_not_available'))
  })
})
