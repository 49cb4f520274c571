// Calls about transactions whose partitions are in several cells: what a cell asks, and what it answers.
import type { Partition } from '../../broker/topic/partition.ts'
import type { Topics } from '../../broker/topic/topics.ts'
import { answerJoins } from '../../broker/transaction/answer-branches.ts'
import type { PartProgress } from '../../broker/transaction/branch-messages.ts'
import { CellEnds } from '../../broker/transaction/cell-ends.ts'
import { settleFromOutside } from '../../broker/transaction/settle-from-outside.ts'
import { tellTraces } from '../../broker/transaction/tell-traces.ts'
import { TransactionBranch } from '../../broker/transaction/transaction-branch.ts'
import { TransactionCell } from '../../broker/transaction/transaction-cell.ts'
import { TransactionError } from '../../broker/transaction/transaction-error.ts'
import {
  type PartElsewhere,
  partKey,
  type TransactionPart,
} from '../../broker/transaction/transaction.ts'
import type { Cell } from '../../cell/cell.ts'
import type {
  BranchCell,
  CoordinatorCell,
  SpreadTransactions,
} from '../../cell/spread-transactions.ts'
import { transactionLimits } from '../../limits/transaction.ts'
import { CallError } from './call-error.ts'
import type { CallHandlers } from './calls.ts'
import type { CellCalls } from './cell-calls.ts'

type Calls = Pick<CellCalls, 'call'>

/** `homeOf`: the cell of the coordinator, as far as it is known. */
export function spreadTransactions(
  calls: Calls,
  homeOf: () => number | undefined,
): SpreadTransactions {
  return {
    openHome: (cell) => ({
      endInCells: openEnds(cell, calls),
      lookElsewhere: (producerId, parts) => lookElsewhere(calls, producerId, parts),
    }),
    openBranch: (cell) => openBranch(cell, calls, homeOf),
  }
}

function openEnds(
  { clock, topics, endHere, isClosed, logger }: CoordinatorCell,
  calls: Calls,
): (end: Parameters<CellEnds['end']>[0]) => Promise<void> {
  const ends = new CellEnds({
    clock,
    endHere,
    branches: {
      async end(cell, told) {
        await calls.call(cell, 'transactions.end', { ends: told })
      },
    },
    isGone: ({ elsewhere }) => topics.findById(elsewhere?.topicId ?? '') === undefined,
    isClosed,
    onUnreachable: (cell, error) => {
      logger.warn(
        { err: error, cell },
        'Transactions cannot end in another cell at the moment; it is told again until it answers',
      )
    },
  })
  return (end) => ends.end(end)
}

async function lookElsewhere(
  calls: Calls,
  producerId: number,
  parts: readonly TransactionPart[],
): Promise<ReadonlyMap<string, PartProgress>> {
  const progress = new Map<string, PartProgress>()
  const byCell = Map.groupBy(parts, ({ elsewhere }) => (elsewhere as PartElsewhere).cell)
  await Promise.all(
    Array.from(byCell, async ([cell, own]) => {
      const named = own.map(({ partition, elsewhere }) => {
        return { topicId: (elsewhere as PartElsewhere).topicId, partition }
      })
      const asked = { producerId, parts: named }
      // Who does not answer is left out: people wait.
      const answer = await calls
        .call(cell, 'transactions.look', asked, { msMax: transactionLimits.lookMsMax })
        .catch(() => undefined)
      for (const [at, part] of own.entries()) {
        const found = answer?.content.found[at]
        if (found) progress.set(partKey(part), found)
      }
    }),
  )
  return progress
}

function openBranch(
  { broker, topics }: BranchCell,
  calls: Calls,
  homeOf: () => number | undefined,
): TransactionBranch {
  const { store, clock, watch } = broker
  const home = (): number => {
    const cell = homeOf()
    if (cell === undefined) throw new CallError('unreachable', 'nobody has the coordinator')
    return cell
  }
  const findPartition = partitionFinder(topics)
  return new TransactionBranch({
    clock,
    cell: new TransactionCell({ store, findPartition, onEnding: tellTraces(watch, topics) }),
    findPartition,
    coordinator: {
      join: async (asked) => (await calls.call(home(), 'transactions.join', { asked })).content,
      settle: async (asked) => (await calls.call(home(), 'transactions.settle', asked)).content,
    },
  })
}

function partitionFinder(topics: Topics): (part: TransactionPart) => Partition | undefined {
  return ({ partition, elsewhere }) =>
    elsewhere && topics.findById(elsewhere.topicId)?.led(partition)
}

type TransactionCalls =
  | 'transactions.join'
  | 'transactions.settle'
  | 'transactions.look'
  | 'transactions.end'

/** What a cell answers: as the one of the coordinator, or as another one. */
export function transactionHandlers(
  { broker, transactions, branch }: Pick<Cell, 'broker' | 'transactions' | 'branch'>,
  topics: Topics,
): Pick<CallHandlers, TransactionCalls> {
  const { epoch } = broker.store
  const expectCoordinator = (): void => {
    if (branch !== undefined) throw new CallError('refused', 'another cell has the coordinator')
    if (transactions.isClosed) throw new CallError('unreachable', 'the coordinator moves')
  }
  return {
    'transactions.join': async ({ asked }) => {
      expectCoordinator()
      return { content: await answerJoins(asked, { transactions, topics, epoch }) }
    },
    'transactions.settle': async (asked) => {
      expectCoordinator()
      const settling = broker.slices.run(settleFromOutside(asked, transactions))
      return { content: { coordinatorEpoch: epoch, outcome: await orCallError(settling) } }
    },
    'transactions.look': async ({ producerId, parts }) => {
      const found = parts.map(({ topicId, partition }) => {
        return progressIn(topics.findById(topicId)?.led(partition), producerId)
      })
      return { content: { found } }
    },
    'transactions.end': async ({ ends }) => {
      if (branch === undefined) throw new CallError('refused', 'the cell has no branches')
      await orCallError(branch.end(ends))
      return { content: {} }
    },
  }
}

function progressIn(partition: Partition | undefined, producerId: number): PartProgress | null {
  if (partition === undefined) return null
  const { transactions, lastStableOffset, highWatermark: end } = partition
  const firstOffset = transactions?.find(producerId)?.firstOffset ?? null
  return { firstOffset, lastStableOffset, end }
}

async function orCallError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof TransactionError)) throw error
    throw new CallError('refused', error.message, { code: error.code })
  }
}
