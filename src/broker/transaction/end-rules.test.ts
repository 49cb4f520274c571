import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judgeEnd } from './end-rules.ts'
import { TransactionError } from './transaction-error.ts'
import { Transaction, type TransactionState, type TransactionVersion } from './transaction.ts'

type Outcome = 'end' | 'done' | 'fenced' | 'concurrent' | 'wrong state' | 'wrong id'

const outcomes: Readonly<Record<string, Outcome>> = {
  producer_fenced: 'fenced',
  concurrent_transactions: 'concurrent',
  invalid_transaction_state: 'wrong state',
  invalid_producer_id_mapping: 'wrong id',
}

function transactionIn(state: TransactionState): Transaction {
  const transaction = new Transaction('t', 7)
  transaction.epoch = 5
  transaction.state = state
  return transaction
}

function judge(
  transaction: Transaction,
  isCommit: boolean,
  {
    version,
    epoch = 5,
    producerId = 7,
  }: { version: TransactionVersion; epoch?: number; producerId?: number },
): Outcome {
  try {
    return judgeEnd(transaction, { from: { producerId, epoch }, isCommit, version })
  } catch (error) {
    assert(error instanceof TransactionError)
    return outcomes[error.code]!
  }
}

/** What a commit and an abort mean. */
type Pair = readonly [commit: Outcome, abort: Outcome]

/** TransactionCoordinator.endTransaction of Kafka 4.2, version 2: with the current epoch, and with the one before. */
const second: Readonly<Record<TransactionState, readonly [current: Pair, again: Pair]>> = {
  Empty: [
    ['wrong state', 'end'],
    ['fenced', 'fenced'],
  ],
  Ongoing: [
    ['end', 'end'],
    ['fenced', 'fenced'],
  ],
  PrepareCommit: [
    ['fenced', 'fenced'],
    ['concurrent', 'wrong state'],
  ],
  PrepareAbort: [
    ['fenced', 'fenced'],
    ['wrong state', 'concurrent'],
  ],
  CompleteCommit: [
    ['wrong state', 'end'],
    ['done', 'wrong state'],
  ],
  CompleteAbort: [
    ['wrong state', 'end'],
    ['wrong state', 'done'],
  ],
}

/** endTransactionWithTV1: the epoch stays. */
const first: Readonly<Record<TransactionState, Pair>> = {
  Empty: ['wrong state', 'wrong state'],
  Ongoing: ['end', 'end'],
  PrepareCommit: ['concurrent', 'wrong state'],
  PrepareAbort: ['wrong state', 'concurrent'],
  CompleteCommit: ['done', 'wrong state'],
  CompleteAbort: ['wrong state', 'done'],
}

const states = Object.keys(first) as TransactionState[]

describe('an end of version 2 (KIP-890)', () => {
  for (const state of states) {
    test(`in ${state}`, () => {
      const transaction = transactionIn(state)
      const pairOf = (epoch: number): Pair => [
        judge(transaction, true, { version: 2, epoch }),
        judge(transaction, false, { version: 2, epoch }),
      ]
      assert.deepEqual([pairOf(5), pairOf(4)], second[state])
      assert.deepEqual(
        [pairOf(3), pairOf(6)],
        [
          ['fenced', 'fenced'],
          ['fenced', 'fenced'],
        ],
      )
      assert.equal(judge(transaction, true, { version: 2, producerId: 8 }), 'wrong id')
    })
  }

  test('whose answer was lost when the epochs of its id were used up', () => {
    for (const [state, outcome] of [
      ['CompleteCommit', 'done'],
      ['CompleteAbort', 'wrong state'],
    ] as const) {
      const transaction = transactionIn(state)
      transaction.previousProducerId = 6
      transaction.epoch = 0
      const again = { version: 2, producerId: 6, epoch: 32_766 } as const
      assert.equal(judge(transaction, true, again), outcome)
      assert.equal(judge(transaction, true, { ...again, epoch: 32_765 }), 'wrong id')
    }
  })
})

describe('an end of version 1', () => {
  for (const state of states) {
    test(`in ${state}`, () => {
      const transaction = transactionIn(state)
      const pair = [true, false].map((isCommit) => judge(transaction, isCommit, { version: 1 }))
      assert.deepEqual(pair, first[state])
      for (const epoch of [4, 6]) {
        assert.equal(judge(transaction, true, { version: 1, epoch }), 'fenced')
      }
      assert.equal(judge(transaction, true, { version: 1, producerId: 8 }), 'wrong id')
    })
  }
})
