// Bugs that the simulation must find, in what cells answer each other.
import { answerJoins } from '../../../src/broker/transaction/answer-branches.ts'
import type { BranchEnd } from '../../../src/broker/transaction/branch-messages.ts'
import type { TransactionBranch } from '../../../src/broker/transaction/transaction-branch.ts'
import type { Answers, Life } from './life.ts'

/** Mistakes that the simulation must find. */
export type Planted =
  | 'markers before Prepare is durable'
  | 'Complete before markers are durable'
  | 'a retry that does not wait for the first'
  | 'a write before its part is durable'
  | 'a write that does not see an end'
  | 'an end that comes late'
  | 'an end of an old coordinator'
  | undefined

const settled = { content: {} }

/** What a process answers when it makes a mistake. */
export function mistakes(answers: Answers, life: Life, planted: Planted): Answers {
  const { branch } = life
  if (branch === undefined) {
    return planted === 'a write before its part is durable'
      ? answeringEarly(answers, life)
      : answers
  }
  if (planted === 'a write that does not see an end') blind(branch)
  const end = endWith(branch, planted)
  return end === undefined ? answers : { ...answers, 'transactions.end': ({ ends }) => end(ends) }
}

type End = (ends: readonly BranchEnd[]) => Promise<typeof settled>

function endWith(branch: TransactionBranch, planted: Planted): End | undefined {
  const told = new Set<number>()
  const end: End = async (ends) => {
    await branch.end(ends)
    return settled
  }
  let [attempts, latest] = [0, 0]
  switch (planted) {
    case 'Complete before markers are durable':
      return async (ends) => {
        branch.end(ends).catch(() => undefined)
        return settled
      }
    case 'a retry that does not wait for the first':
      return async (ends) => {
        const isRetry = ends.every(({ producerId, epoch }) => told.has(producerId * 1e5 + epoch))
        for (const { producerId, epoch } of ends) told.add(producerId * 1e5 + epoch)
        const ended = end(ends)
        if (!isRetry) return ended
        ended.catch(() => undefined)
        return settled
      }
    case 'an end that comes late':
      return (ends) => end(ends.map((each) => ({ ...each, version: 1, attempt: ++attempts })))
    case 'an end of an old coordinator':
      return (ends) => {
        latest = Math.max(latest, ...ends.map(({ coordinatorEpoch }) => coordinatorEpoch))
        return end(ends.map((each) => ({ ...each, coordinatorEpoch: latest, attempt: ++attempts })))
      }
    default:
      return undefined
  }
}

/** Nothing that was asked for becomes worthless. */
function blind(branch: TransactionBranch): void {
  const join = branch.join.bind(branch)
  branch.join = (...asked) => {
    const joining = join(...asked)
    return Object.defineProperty(joining, 'isOverrun', { get: () => false, set() {} })
  }
}

function answeringEarly(answers: Answers, life: Life): Answers {
  const { coordinator, topics, it } = life
  const transactions = {
    addPartitions: (...added: Parameters<typeof coordinator.addPartitions>) =>
      void coordinator.addPartitions(...added),
    verify: (...verified: Parameters<typeof coordinator.verify>) =>
      void coordinator.verify(...verified),
  }
  const { epoch } = it.broker.store
  return {
    ...answers,
    'transactions.join': async ({ asked }) => ({
      content: await answerJoins(asked, { transactions, topics, epoch }),
    }),
  }
}
