import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { transactionLimits } from '../../limits/transaction.ts'
import type { Ticket } from '../../log/ticket.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { TransactionCoordinator, type TransactionEnd } from './transaction-coordinator.ts'
import type { TransactionErrorCode } from './transaction-error.ts'
import type { Transaction, TransactionPart } from './transaction.ts'

const part: TransactionPart = { topic: 't', partition: 0, logId: 1 }
const otherPart: TransactionPart = { topic: 't', partition: 1, logId: 2 }

/** A coordinator over keyed state in memory, whose markers and commits wait when they are told to. */
class Fixture {
  readonly clock = new VirtualClock()
  readonly state: Map<string, Buffer>
  readonly ends: TransactionEnd[] = []
  readonly forced: string[] = []
  /** Markers from now on that fail. */
  failures = 0
  isFull = false
  readonly #markers: (() => void)[] = []
  readonly #tickets: (() => void)[] = []
  areMarkersHeld = false
  areCommitsHeld = false
  #nextId = 100
  readonly coordinator: TransactionCoordinator

  constructor(state: ReadonlyMap<string, Buffer> = new Map()) {
    this.state = new Map(state)
    this.coordinator = new TransactionCoordinator({
      store: {
        epoch: 3,
        beginAtom: () => undefined,
        endAtom: () => this.#ticket(),
        putState: (key, value) => {
          if (this.isFull && value !== undefined) return false
          if (value === undefined) this.state.delete(key)
          else this.state.set(key, value)
          return true
        },
      },
      clock: this.clock,
      producerIds: { take: async () => this.#nextId++ },
      endInCells: (end) => this.#endInCells(end),
      onForced: ({ id }) => this.forced.push(id),
    })
    this.coordinator.restore(this.state)
    this.coordinator.start()
  }

  /** The next process, which knows what is durable. */
  restart(): Fixture {
    this.coordinator[Symbol.dispose]()
    return new Fixture(this.state)
  }

  get transaction(): Transaction {
    return this.coordinator.describe('x')
  }

  init(timeoutMs = 60_000): Promise<{ producerId: number; epoch: number }> {
    return this.coordinator.initProducer({ transactionalId: 'x', timeoutMs, claimed: undefined })
  }

  /** Goes on after an error, as who has this id and epoch. */
  resume(producerId: number, epoch: number): Promise<{ producerId: number; epoch: number }> {
    const claimed = { producerId, epoch }
    return this.coordinator.initProducer({ transactionalId: 'x', timeoutMs: 60_000, claimed })
  }

  add(epoch: number, parts: readonly TransactionPart[] = [part], producerId = 100): void {
    this.coordinator.addPartitions({ transactionalId: 'x', producerId, epoch }, parts, 2)
  }

  verify(epoch: number, of: TransactionPart = part): void {
    this.coordinator.verify({ transactionalId: 'x', producerId: 100, epoch }, of)
  }

  end(
    epoch: number,
    {
      isCommit = true,
      version = 2,
      producerId = 100,
    }: { isCommit?: boolean; version?: 1 | 2; producerId?: number } = {},
  ): Promise<{ producerId: number; epoch: number }> {
    return this.coordinator.end('x', { from: { producerId, epoch }, isCommit, version })
  }

  releaseMarkers(): void {
    this.areMarkersHeld = false
    for (const go of this.#markers.splice(0)) go()
  }

  releaseCommits(): void {
    this.areCommitsHeld = false
    for (const go of this.#tickets.splice(0)) go()
  }

  #ticket(): Ticket | undefined {
    if (!this.areCommitsHeld) return undefined
    return { isDurable: false, whenDurable: (go) => void this.#tickets.push(go) }
  }

  async #endInCells(end: TransactionEnd): Promise<void> {
    if (this.failures > 0) {
      this.failures--
      throw new Error('no disk')
    }
    if (this.areMarkersHeld) await new Promise<void>((resolve) => this.#markers.push(resolve))
    this.ends.push(end)
  }
}

/** Everything that can happen by itself has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}

function refused(code: TransactionErrorCode): { code: TransactionErrorCode } {
  return { code }
}

describe('InitProducerId', () => {
  test('gives an id, and with each call a later epoch that fences the one before', async () => {
    const fixture = new Fixture()
    assert.deepEqual(await fixture.init(), { producerId: 100, epoch: 0 })
    assert.deepEqual(await fixture.init(), { producerId: 100, epoch: 1 })
    assert.throws(() => fixture.add(0), refused('producer_fenced'))
    fixture.add(1)
  })

  test('aborts what is open, and is answered when that has ended', async () => {
    const fixture = new Fixture()
    await fixture.init()
    fixture.add(0)
    fixture.areMarkersHeld = true
    const again = fixture.init()
    await settled()
    assert.equal(fixture.transaction.state, 'PrepareAbort')
    assert.throws(() => fixture.add(0), refused('producer_fenced'))
    fixture.releaseMarkers()
    assert.deepEqual(await again, { producerId: 100, epoch: 2 })
    assert.deepEqual(
      fixture.ends.map(({ isCommit, epoch, parts }) => [isCommit, epoch, parts]),
      [[false, 1, [part]]],
    )
    assert.deepEqual(fixture.forced, ['x'])
  })

  test('of a producer that goes on raises its epoch once, however often it is asked (KIP-360)', async () => {
    const fixture = new Fixture()
    await fixture.init()
    assert.deepEqual(await fixture.resume(100, 0), { producerId: 100, epoch: 1 })
    assert.deepEqual(await fixture.resume(100, 0), { producerId: 100, epoch: 1 })
    assert.deepEqual(await fixture.resume(100, 1), { producerId: 100, epoch: 2 })
    await assert.rejects(fixture.resume(100, 0), refused('producer_fenced'))
    await assert.rejects(fixture.resume(7, 2), refused('producer_fenced'))
  })

  test('of a zombie does not abort the transaction of its successor', async () => {
    const fixture = new Fixture()
    await fixture.init()
    await fixture.init()
    fixture.add(1)
    await assert.rejects(fixture.resume(100, 0), refused('producer_fenced'))
    assert.equal(fixture.transaction.state, 'Ongoing')
  })

  test('takes another id when the epochs are used up', async () => {
    const fixture = new Fixture()
    await fixture.init()
    fixture.transaction.epoch = 32_766
    assert.deepEqual(await fixture.init(), { producerId: 101, epoch: 0 })
    assert.equal(fixture.transaction.previousProducerId, 100)
  })

  test('refuses a timeout that is too long, an empty id and more ids than there may be', async () => {
    const fixture = new Fixture()
    await assert.rejects(fixture.init(900_001), refused('invalid_transaction_timeout'))
    await assert.rejects(fixture.init(0), refused('invalid_transaction_timeout'))
    const asked = { transactionalId: '', timeoutMs: 1, claimed: undefined }
    await assert.rejects(fixture.coordinator.initProducer(asked), refused('invalid_request'))
    fixture.isFull = true
    await assert.rejects(fixture.init(), refused('policy_violation'))
    assert.equal(fixture.coordinator.count, 0)
  })
})

describe('a transaction', () => {
  test('of version 2 has another epoch after each end, and one whose answer was lost is told again', async () => {
    const fixture = new Fixture()
    await fixture.init()
    fixture.add(0)
    assert.deepEqual(await fixture.end(0), { producerId: 100, epoch: 1 })
    assert.deepEqual(await fixture.end(0), { producerId: 100, epoch: 1 })
    await assert.rejects(fixture.end(0, { isCommit: false }), refused('invalid_transaction_state'))
    assert.throws(() => fixture.verify(0), refused('producer_fenced'))
    assert.equal(fixture.ends.length, 1)
  })

  test('of version 1 keeps its epoch', async () => {
    const fixture = new Fixture()
    await fixture.init()
    fixture.add(0)
    assert.deepEqual(await fixture.end(0, { version: 1 }), { producerId: 100, epoch: 0 })
    assert.throws(() => fixture.verify(0), refused('transaction_abortable'))
    fixture.add(0)
    fixture.verify(0)
    assert.throws(() => fixture.verify(0, otherPart), refused('transaction_abortable'))
  })

  test('goes on with another id when an end uses up the epochs, and a lost answer is told again', async () => {
    const fixture = new Fixture()
    await fixture.init()
    fixture.transaction.epoch = 32_766
    fixture.add(32_766)
    assert.deepEqual(await fixture.end(32_766), { producerId: 101, epoch: 0 })
    assert.equal(fixture.ends[0]?.epoch, 32_767)
    assert.deepEqual(await fixture.end(32_766), { producerId: 101, epoch: 0 })
    assert.deepEqual(await fixture.resume(100, 32_766), { producerId: 101, epoch: 0 })
    assert.equal(fixture.ends.length, 1)
  })

  test('that is aborted from outside with the last epoch leaves its producer an id to go on with', async () => {
    const fixture = new Fixture()
    await fixture.init()
    fixture.transaction.epoch = 32_766
    fixture.add(32_766)
    await fixture.coordinator.abort('x')
    assert.deepEqual(await fixture.end(32_766, { isCommit: false }), { producerId: 101, epoch: 0 })
    assert.deepEqual(await fixture.resume(100, 32_766), { producerId: 101, epoch: 0 })
  })

  test('takes nothing more while it ends', async () => {
    const fixture = new Fixture()
    await fixture.init()
    fixture.add(0)
    fixture.areMarkersHeld = true
    const ended = fixture.end(0, { version: 1 })
    await settled()
    assert.throws(() => fixture.add(0, [otherPart]), refused('concurrent_transactions'))
    assert.throws(() => fixture.verify(0), refused('concurrent_transactions'))
    await assert.rejects(fixture.end(0, { version: 1 }), refused('concurrent_transactions'))
    fixture.releaseMarkers()
    await ended
    assert.deepEqual(fixture.ends[0]?.parts, [part])
  })

  test('says of a part that it knows when that is durable, for writes in other cells', async () => {
    const fixture = new Fixture()
    await fixture.init()
    fixture.areCommitsHeld = true
    const from = { transactionalId: 'x', producerId: 100, epoch: 0 }
    const added = fixture.coordinator.addPartitions(from, [part], 2)
    assert.equal(added?.isDurable, false)
    assert.equal(fixture.coordinator.addPartitions(from, [part], 2), added)
    assert.equal(fixture.coordinator.verify(from, part), added)
    assert.equal(fixture.coordinator.addPartitions(from, [otherPart], 2)?.isDurable, false)
  })

  test('may have parts in other cells, which outlive a restart, and those of topics that were made anew', async () => {
    const fixture = new Fixture()
    await fixture.init()
    const elsewhere = (cell: number, topicId: string): TransactionPart => {
      return { topic: 't', partition: 1, logId: 0, elsewhere: { cell, topicId } }
    }
    const parts = [part, elsewhere(2, 'of t'), elsewhere(3, 'of another t')]
    fixture.add(0, parts.slice(0, 2))
    fixture.add(0, parts.slice(1))
    const second = fixture.restart()
    await second.end(0)
    assert.deepEqual(second.ends[0]?.parts, parts)
  })

  test('whose markers take long is answered once it is decided, and goes on by itself', async () => {
    const fixture = new Fixture()
    await fixture.init()
    fixture.add(0)
    fixture.areMarkersHeld = true
    const ended = fixture.end(0)
    await settled()
    fixture.clock.advance(transactionLimits.endAnswerMsMax)
    assert.deepEqual(await ended, { producerId: 100, epoch: 1 })
    // As from Kafka, whoever comes with the next one tries again.
    assert.throws(() => fixture.add(1), refused('concurrent_transactions'))
    const [begun, aborted] = [fixture.init(), fixture.coordinator.abort('x')]
    fixture.clock.advance(transactionLimits.endAnswerMsMax)
    await assert.rejects(begun, refused('concurrent_transactions'))
    await assert.rejects(aborted, refused('concurrent_transactions'))
    fixture.releaseMarkers()
    await settled()
    assert.equal(fixture.transaction.state, 'CompleteCommit')
    fixture.add(1)
  })

  test('whose markers take long tells its producer of the id that it goes on with', async () => {
    const fixture = new Fixture()
    await fixture.init()
    fixture.transaction.epoch = 32_766
    fixture.add(32_766)
    fixture.areMarkersHeld = true
    const ended = fixture.end(32_766)
    await settled()
    fixture.clock.advance(transactionLimits.endAnswerMsMax)
    assert.deepEqual(await ended, { producerId: 101, epoch: 0 })
    assert.throws(() => fixture.add(0, [part], 101), refused('concurrent_transactions'))
    const next = { producerId: 101 }
    await assert.rejects(fixture.end(0, next), refused('concurrent_transactions'))
    fixture.releaseMarkers()
    await settled()
    assert.deepEqual(fixture.transaction.identity, { producerId: 101, epoch: 0 })
  })

  test('that is not decided in time is not said to have ended', async () => {
    const fixture = new Fixture()
    await fixture.init()
    fixture.add(0)
    fixture.areCommitsHeld = true
    const ended = fixture.end(0)
    await settled()
    fixture.clock.advance(transactionLimits.endAnswerMsMax)
    await assert.rejects(ended, refused('concurrent_transactions'))
    fixture.releaseCommits()
    await settled()
    assert.deepEqual(await fixture.end(0), { producerId: 100, epoch: 1 })
  })

  test('has its markers written when the decision is durable, not before', async () => {
    const fixture = new Fixture()
    await fixture.init()
    fixture.add(0)
    fixture.areCommitsHeld = true
    const ended = fixture.end(0)
    await settled()
    assert.equal(fixture.transaction.state, 'PrepareCommit')
    assert.deepEqual(fixture.ends, [])
    fixture.releaseCommits()
    await ended
    assert.equal(fixture.ends.length, 1)
  })

  test('has its markers written again until it works', async () => {
    const fixture = new Fixture()
    await fixture.init()
    fixture.add(0)
    fixture.failures = 2
    const ended = fixture.end(0)
    for (let times = 0; times < 3; times++) {
      await settled()
      fixture.clock.advance(100)
    }
    await ended
    assert.equal(fixture.ends.length, 1)
  })

  test('without room for what is added stays as it was', async () => {
    const fixture = new Fixture()
    await fixture.init()
    fixture.isFull = true
    assert.throws(() => fixture.add(0), refused('policy_violation'))
    const from = { transactionalId: 'x', producerId: 100, epoch: 0 }
    assert.throws(() => fixture.coordinator.addGroup(from, 'g', 1), refused('policy_violation'))
    const { state, parts, groups, startedMs } = fixture.transaction
    assert.deepEqual([state, parts.size, groups.size, startedMs], ['Empty', 0, 0, -1])
  })

  test('that lasts too long is aborted, and its producer fenced', async () => {
    const fixture = new Fixture()
    await fixture.init(5000)
    fixture.add(0)
    fixture.clock.advance(5000)
    assert.equal(fixture.transaction.state, 'Ongoing')
    fixture.clock.advance(2000)
    await settled()
    assert.equal(fixture.transaction.state, 'CompleteAbort')
    assert.deepEqual(fixture.forced, ['x'])
    await assert.rejects(fixture.end(0), refused('invalid_transaction_state'))
    assert.throws(() => fixture.add(0), refused('producer_fenced'))
    assert.deepEqual(fixture.coordinator.totals, { committed: 0, aborted: 1, forced: 1 })
  })

  test('is forgotten when nobody has used its id for long', async () => {
    const fixture = new Fixture()
    await fixture.init()
    fixture.clock.advance(604_800_000)
    assert.equal(fixture.coordinator.count, 1)
    fixture.clock.advance(2000)
    assert.equal(fixture.coordinator.count, 0)
    assert.equal(fixture.state.size, 0)
    assert.throws(() => fixture.add(0), refused('invalid_producer_id_mapping'))
  })
})

describe('after a restart', () => {
  test('an empty id is known, and goes on', async () => {
    const first = new Fixture()
    await first.init()
    const second = first.restart()
    second.add(0)
    assert.deepEqual(await second.end(0), { producerId: 100, epoch: 1 })
  })

  test('a transaction is open with all that belongs to it, and its time goes on', async () => {
    const first = new Fixture()
    await first.init(5000)
    first.add(0, [part, otherPart])
    first.coordinator.addGroup({ transactionalId: 'x', producerId: 100, epoch: 0 }, 'g', 1)
    const second = first.restart()
    second.verify(0, otherPart)
    await second.end(0)
    assert.deepEqual(second.ends[0]?.parts, [part, otherPart])
    assert.deepEqual(second.ends[0]?.groups, ['g'])
    const third = first.restart()
    third.clock.advance(7000)
    await settled()
    assert.equal(third.transaction.state, 'CompleteAbort')
  })

  for (const isCommit of [true, false]) {
    test(`what was decided is done: ${isCommit ? 'a commit' : 'an abort'}`, async () => {
      const first = new Fixture()
      await first.init()
      first.add(0)
      first.areMarkersHeld = true
      void first.end(0, { isCommit }).catch(() => undefined)
      await settled()
      const second = first.restart()
      await settled()
      assert.deepEqual(
        second.ends.map((end) => [end.isCommit, end.epoch, end.parts]),
        [[isCommit, 1, [part]]],
      )
      assert.equal(second.transaction.state, isCommit ? 'CompleteCommit' : 'CompleteAbort')
      assert.deepEqual(await second.end(0, { isCommit }), { producerId: 100, epoch: 1 })
      assert.equal(second.ends.length, 1)
    })
  }

  test('what was decided with the last epoch goes on with the id that was taken for it', async () => {
    const first = new Fixture()
    await first.init()
    first.transaction.epoch = 32_766
    first.add(32_766)
    first.areMarkersHeld = true
    void first.end(32_766).catch(() => undefined)
    await settled()
    const second = first.restart()
    await settled()
    assert.deepEqual(await second.end(32_766), { producerId: 101, epoch: 0 })
  })

  test('what has ended is not ended again, and a lost answer is still told', async () => {
    const first = new Fixture()
    await first.init()
    first.add(0)
    await first.end(0)
    const second = first.restart()
    await settled()
    assert.deepEqual(second.ends, [])
    assert.deepEqual(await second.end(0), { producerId: 100, epoch: 1 })
  })
})
