// The end of a transaction in cells that answer, do not, or are gone.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { transactionLimits } from '../../limits/transaction.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import type { BranchEnd } from './branch-messages.ts'
import { CellEnds } from './cell-ends.ts'
import type { TransactionEnd } from './transaction-coordinator.ts'
import type { TransactionPart } from './transaction.ts'

const { endRetryMs, callMsMax } = transactionLimits
const here: TransactionPart = { topic: 't', partition: 0, logId: 1 }

function partIn(cell: number, partition = cell): TransactionPart {
  return { topic: 't', partition, logId: 0, elsewhere: { cell, topicId: 'of t' } }
}

function endOf(producerId: number, ...parts: TransactionPart[]): TransactionEnd {
  const outcome = { epoch: 1, version: 2, coordinatorEpoch: 7, isCommit: true } as const
  return { transactionalId: `x${producerId}`, producerId, ...outcome, parts, groups: ['g'] }
}

class Fixture {
  readonly clock = new VirtualClock()
  readonly endedHere: TransactionEnd[] = []
  /** By cell: what it was told. */
  readonly told = new Map<number, BranchEnd[][]>()
  readonly down = new Set<number>()
  readonly silent = new Set<number>()
  readonly goneTopics = new Set<string>()
  readonly unreachable: number[] = []
  isClosed = false
  readonly ends = new CellEnds({
    clock: this.clock,
    endHere: async (end) => void this.endedHere.push(end),
    branches: { end: (cell, ends) => this.#tell(cell, ends) },
    isGone: ({ elsewhere }) => this.goneTopics.has(elsewhere!.topicId),
    isClosed: () => this.isClosed,
    onUnreachable: (cell) => this.unreachable.push(cell),
  })

  /** Whether it is over by now. */
  begin(end: TransactionEnd): { isOver: boolean } {
    const state = { isOver: false }
    void this.ends.end(end).then(() => {
      state.isOver = true
    })
    return state
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms)
    await settled()
  }

  producersTold(cell: number): number[][] {
    return (this.told.get(cell) ?? []).map((ends) => ends.map(({ producerId }) => producerId))
  }

  async #tell(cell: number, ends: readonly BranchEnd[]): Promise<void> {
    this.told.set(cell, [...(this.told.get(cell) ?? []), [...ends]])
    if (this.silent.has(cell)) await new Promise(() => undefined)
    if (this.down.has(cell)) throw new Error('down')
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}

describe('CellEnds', () => {
  it('ends here what is here, with the groups, and in each cell its parts', async () => {
    const it = new Fixture()
    const end = endOf(1, here, partIn(2), partIn(3), partIn(2, 14))
    await it.ends.end(end)
    assert.deepEqual(it.endedHere, [{ ...end, parts: [here] }])
    const { groups: _groups, ...rest } = end
    assert.deepEqual(it.told.get(2), [[{ ...rest, parts: [partIn(2), partIn(2, 14)], attempt: 1 }]])
    assert.deepEqual(it.told.get(3), [[{ ...rest, parts: [partIn(3)], attempt: 2 }]])
  })

  it('tells a cell again until it answers, each time with a later number, and others meanwhile', async () => {
    const it = new Fixture()
    it.down.add(2)
    const state = it.begin(endOf(1, here, partIn(2), partIn(3)))
    await settled()
    assert.equal(it.endedHere.length, 1)
    assert.deepEqual(it.producersTold(3), [[1]])
    for (let count = 0; count < 3; count++) await it.pass(endRetryMs)
    assert.equal(state.isOver, false)
    it.down.clear()
    await it.pass(endRetryMs)
    assert.equal(state.isOver, true)
    const attempts = it.told.get(2)!.map(([end]) => end!.attempt)
    assert.equal(attempts.length, 5)
    assert.deepEqual(
      attempts,
      attempts.toSorted((a, b) => a - b),
    )
    assert.equal(new Set(attempts).size, 5)
    assert.equal(it.endedHere.length, 1)
    assert.deepEqual(it.unreachable, [2])
  })

  it('gives up on a call that nobody answers, and makes another one', async () => {
    const it = new Fixture()
    it.silent.add(2)
    const state = it.begin(endOf(1, partIn(2)))
    await settled()
    it.silent.clear()
    await it.pass(callMsMax)
    await it.pass(endRetryMs)
    assert.equal(state.isOver, true)
    assert.deepEqual(it.producersTold(2), [[1], [1]])
  })

  it('tells a cell of many ends with one call', async () => {
    const it = new Fixture()
    it.down.add(2)
    const states = [1, 2, 3].map((producerId) => it.begin(endOf(producerId, partIn(2))))
    await settled()
    it.down.clear()
    await it.pass(endRetryMs)
    assert.deepEqual(it.producersTold(2), [[1], [1], [2, 3]])
    assert.ok(states.every(({ isOver }) => isOver))
  })

  it('waits for no cell once the topic is deleted', async () => {
    const it = new Fixture()
    it.down.add(2)
    const state = it.begin(endOf(1, here, partIn(2)))
    await settled()
    it.goneTopics.add('of t')
    await it.pass(endRetryMs)
    assert.equal(state.isOver, true)
    assert.deepEqual(it.producersTold(2), [[1]])
  })

  it('leaves the rest to the next owner when this cell is closed', async () => {
    const it = new Fixture()
    it.down.add(2)
    it.begin(endOf(1, partIn(2)))
    await settled()
    it.isClosed = true
    await it.pass(endRetryMs)
    await it.pass(endRetryMs)
    assert.deepEqual(it.producersTold(2), [[1]])
  })
})
