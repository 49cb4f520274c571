// Transactions in a cell that has partitions of theirs and not their coordinator. Before the first batch of a
// transaction is stored in a partition, the coordinator has made it a part, or said that it is one, and that is
// durable there: so nothing is open here that nobody ends.
//
// An end may come while the coordinator's answer is on its way, and has not seen the batch that waits for it. So
// every end makes what its producer asked before worth nothing (KIP-890's hanging transactions).
import type { Clock } from '../../lib/clock.ts'
import { GatheredCalls } from '../../lib/gathered-calls.ts'
import { inTime } from '../../lib/in-time.ts'
import { transactionLimits } from '../../limits/transaction.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { Partition } from '../topic/partition.ts'
import { whenDurable } from '../when-durable.ts'
import type {
  BranchEnd,
  JoinAnswers,
  JoinAsked,
  JoinOutcome,
  NamedPart,
  SettleAnswer,
  SettleAsked,
} from './branch-messages.ts'
import type { TransactionCell } from './transaction-cell.ts'
import { concurrent, fenced, TransactionError } from './transaction-error.ts'
import {
  partKeyElsewhere,
  type ProducerIdentity,
  type TransactionalProducer,
  type TransactionPart,
  type TransactionVersion,
} from './transaction.ts'

/** The coordinator, in whichever cell it is. Both reject when nobody answers. */
export interface CoordinatorElsewhere {
  join(asked: readonly JoinAsked[]): Promise<JoinAnswers>
  settle(asked: SettleAsked): Promise<SettleAnswer>
}

export interface TransactionBranchOptions {
  readonly clock: Clock
  readonly cell: Pick<TransactionCell, 'end'>
  /** The partition of this cell, if it is still there. */
  readonly findPartition: (part: TransactionPart) => Partition | undefined
  readonly coordinator: CoordinatorElsewhere
}

/** The end of a producer's transaction that came last. */
interface LastEnd {
  readonly coordinatorEpoch: number
  readonly attempt: number
  /** Of its markers, while they are not durable. */
  readonly ticket: Ticket | undefined
}

export class TransactionBranch {
  readonly #options: TransactionBranchOptions
  readonly #asks: GatheredCalls<JoinAsked, JoinOutcome>
  /** By producer id: batches of its that wait for the coordinator, or have just heard of it. */
  readonly #joinings = new Map<number, Set<Joining>>()
  /** By producer id, those that came last at the end. */
  readonly #ends = new Map<number, LastEnd>()
  /** Of the latest coordinator that was heard of. */
  #coordinatorEpoch = 0

  constructor(options: TransactionBranchOptions) {
    this.#options = options
    this.#asks = new GatheredCalls({
      send: (asked) => this.#send(asked),
      sizeOf: ({ parts }) => 1 + parts.length,
      sizeMax: transactionLimits.partsPerCall,
      inFlightMax: transactionLimits.joinCallsMax,
    })
  }

  get coordinatorEpoch(): number {
    return this.#coordinatorEpoch
  }

  /** Whether a partition has a transaction of this producer and epoch open: then it is a part, and nobody need ask. */
  isOpenIn(
    { transactions, producers }: Partition,
    { producerId, epoch }: ProducerIdentity,
  ): boolean {
    return transactions?.find(producerId) !== undefined && producers.epochOf(producerId) === epoch
  }

  /** Asks the coordinator; to be disposed of when the batches are stored or refused. */
  join(
    from: TransactionalProducer,
    parts: readonly NamedPart[],
    version: TransactionVersion,
  ): Joining {
    const asked = this.#asks.ask({ ...from, version, parts })
    const { producerId } = from
    const joinings = this.#joinings.get(producerId) ?? new Set()
    const joining: Joining = new Joining({ from, parts, asked }, () => {
      joinings.delete(joining)
      if (joinings.size === 0) this.#joinings.delete(producerId)
    })
    this.#joinings.set(producerId, joinings.add(joining))
    return joining
  }

  /** Has the coordinator end what it knows of a producer. Throws TransactionError when it cannot be asked. */
  async settle(asked: SettleAsked): Promise<SettleAnswer> {
    const { coordinator } = this.#options
    const answer = await this.#asking(coordinator.settle(asked))
    this.#hear(answer.coordinatorEpoch)
    return answer
  }

  /**
   * Ends what of these transactions is open here, each in an atom of its own; resolves when all of it is durable.
   * Throws TransactionError for a coordinator that has lost its place to another one.
   */
  async end(ends: readonly BranchEnd[]): Promise<void> {
    const tickets = ends.map((end) => this.#endOne(end))
    for (const ticket of tickets) await whenDurable(ticket)
  }

  #endOne(end: BranchEnd): Ticket | undefined {
    const { producerId, coordinatorEpoch, attempt } = end
    if (coordinatorEpoch < this.#coordinatorEpoch) throw fenced(end.transactionalId)
    this.#coordinatorEpoch = coordinatorEpoch
    const last = this.#ends.get(producerId)
    const isSame = last?.coordinatorEpoch === coordinatorEpoch
    // Nobody waits for one that another one has overtaken, and the next transaction may have begun.
    if (isSame && attempt <= last.attempt) return last.ticket
    for (const joining of this.#joinings.get(producerId) ?? []) joining.isOverrun = true
    const parts = end.parts.filter((part) => this.#mayEnd(end, part))
    const written = this.#options.cell.end({ ...end, parts, groups: [] })
    // What was written for an attempt before this one may still be on its way to the disk.
    const pending = last?.ticket?.isDurable === false ? last.ticket : undefined
    const ticket = written ?? pending
    this.#remember(producerId, { coordinatorEpoch, attempt, ticket })
    return ticket
  }

  /** A later transaction of the same producer may be open, of which this end knows nothing (KIP-1228). */
  #mayEnd({ producerId, epoch, version }: BranchEnd, part: TransactionPart): boolean {
    const known = this.#options.findPartition(part)?.producers.epochOf(producerId)
    if (known === undefined) return false
    return version === 1 ? epoch >= known : epoch > known
  }

  #remember(producerId: number, end: LastEnd): void {
    this.#ends.delete(producerId)
    this.#ends.set(producerId, end)
    if (this.#ends.size <= transactionLimits.endsRememberedMax) return
    for (const [oldest, { ticket }] of this.#ends) {
      if (ticket?.isDurable !== false) this.#ends.delete(oldest)
      break
    }
  }

  async #send(asked: readonly JoinAsked[]): Promise<readonly JoinOutcome[]> {
    const { coordinator } = this.#options
    const { coordinatorEpoch, outcomes } = await this.#asking(coordinator.join(asked))
    this.#hear(coordinatorEpoch)
    return outcomes
  }

  /** Throws TransactionError for one that does not know yet that it is the coordinator no more. */
  #hear(coordinatorEpoch: number): void {
    if (coordinatorEpoch < this.#coordinatorEpoch) throw unavailable('it is none any more')
    this.#coordinatorEpoch = coordinatorEpoch
  }

  async #asking<T>(asked: Promise<T>): Promise<T> {
    const { clock } = this.#options
    const late = (): Error => new Error('it does not answer')
    try {
      return await inTime(clock, transactionLimits.callMsMax, asked, late)
    } catch (error) {
      throw unavailable((error as Error).message)
    }
  }
}

interface JoiningParts {
  readonly from: TransactionalProducer
  readonly parts: readonly NamedPart[]
  readonly asked: Promise<JoinOutcome>
}

/** A producer's question, and what it has brought. */
export class Joining implements Disposable {
  /** The transaction was ended meanwhile, or another one of the producer: what it has brought is worth nothing. */
  isOverrun = false
  /** Resolves when the coordinator has answered, or will not. */
  readonly answered: Promise<void>
  readonly #from: TransactionalProducer
  /** By key of the part. */
  readonly #outcomes = new Map<string, TransactionError | 'joined'>()
  readonly #onEnd: () => void

  constructor({ from, parts, asked }: JoiningParts, onEnd: () => void) {
    this.#from = from
    this.#onEnd = onEnd
    this.answered = asked.then(
      (outcome) => this.#note(parts, (at) => outcome[at]),
      (error: Error) => this.#note(parts, () => error),
    )
  }

  /** A batch is about to be stored in this part. Throws TransactionError when that may not be. */
  expect({ topicId, partition }: NamedPart): void {
    const outcome = this.#outcomes.get(partKeyElsewhere(topicId, partition))
    if (outcome instanceof TransactionError) throw outcome
    if (outcome === undefined || this.isOverrun) throw concurrent(this.#from.transactionalId)
  }

  [Symbol.dispose](): void {
    this.#onEnd()
  }

  #note(
    parts: readonly NamedPart[],
    outcomeOf: (at: number) => JoinOutcome[number] | undefined | Error,
  ): void {
    for (const [at, { topicId, partition }] of parts.entries()) {
      this.#outcomes.set(partKeyElsewhere(topicId, partition), toOutcome(outcomeOf(at)))
    }
  }
}

function toOutcome(outcome: JoinOutcome[number] | undefined | Error): TransactionError | 'joined' {
  if (outcome === null) return 'joined'
  if (outcome === undefined) return unavailable('it has left out an answer')
  if (outcome instanceof TransactionError) return outcome
  if (outcome instanceof Error) return unavailable(outcome.message)
  return new TransactionError(outcome.code, outcome.message)
}

function unavailable(why: string): TransactionError {
  const text = `The coordinator of the transaction cannot be asked: ${why}`
  return new TransactionError('coordinator_not_available', text)
}
