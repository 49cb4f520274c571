// What the coordinator answers cells that have partitions of transactions.
import type { Ticket } from '../../log/ticket.ts'
import type { Topics } from '../topic/topics.ts'
import { whenDurable } from '../when-durable.ts'
import type {
  JoinAnswers,
  JoinAsked,
  JoinOutcome,
  JoinRefusal,
  NamedPart,
} from './branch-messages.ts'
import { partOf } from './part-of.ts'
import type { TransactionCoordinator } from './transaction-coordinator.ts'
import { TransactionError } from './transaction-error.ts'
import type { TransactionPart } from './transaction.ts'

export interface CoordinatorHere {
  readonly transactions: Pick<TransactionCoordinator, 'addPartitions' | 'verify'>
  /** All of the cluster. */
  readonly topics: Pick<Topics, 'findById'>
  /** Of the store in which the coordinator is. */
  readonly epoch: number
}

/** Resolves when all that it says is durable. */
export async function answerJoins(
  asked: readonly JoinAsked[],
  here: CoordinatorHere,
): Promise<JoinAnswers> {
  const tickets = new Set<Ticket | undefined>()
  const outcomes = asked.map((each) => answerOne(each, here, tickets))
  for (const ticket of tickets) await whenDurable(ticket)
  return { coordinatorEpoch: here.epoch, outcomes }
}

function answerOne(
  asked: JoinAsked,
  here: CoordinatorHere,
  tickets: Set<Ticket | undefined>,
): JoinOutcome {
  const { version, parts } = asked
  const found = parts.map((part) => findPart(part, here))
  if (version === 1) return found.map((part) => verify(part, asked, { here, tickets }))
  const added = found.filter((part) => part !== undefined)
  // Nothing begins with what is gone.
  if (added.length === 0) return found.map(() => unknownPart)
  const refusal = refusalOf(() => {
    tickets.add(here.transactions.addPartitions(asked, added, 2))
  })
  return found.map((part) => (part === undefined ? unknownPart : refusal))
}

function verify(
  part: TransactionPart | undefined,
  asked: JoinAsked,
  { here, tickets }: { here: CoordinatorHere; tickets: Set<Ticket | undefined> },
): JoinRefusal | null {
  if (part === undefined) return unknownPart
  return refusalOf(() => void tickets.add(here.transactions.verify(asked, part)))
}

function findPart(
  { topicId, partition }: NamedPart,
  { topics }: CoordinatorHere,
): TransactionPart | undefined {
  return partOf(topics.findById(topicId), partition)
}

const unknownPart: JoinRefusal = {
  code: 'unknown_topic_or_partition',
  message: 'The topic was deleted, or has no such partition',
}

function refusalOf(action: () => void): JoinRefusal | null {
  try {
    action()
    return null
  } catch (error) {
    if (!(error instanceof TransactionError)) throw error
    return { code: error.code, message: error.message }
  }
}
