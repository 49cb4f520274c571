// The coordinator of all transactional ids of a cell (KIP-98, KIP-890): who may use which, what belongs to
// whose transaction, and its end.
//
// What is answered is durable. An end is durable as Prepare, then each cell writes its markers as one atom,
// then it is complete. After a crash `resume` ends what was prepared: cells end nothing twice.
import type { Clock, Timer } from '../../lib/clock.ts'
import { inTime } from '../../lib/in-time.ts'
import { transactionLimits } from '../../limits/transaction.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { ProducerIds } from '../topic/producer-ids.ts'
import { whenDurable } from '../when-durable.ts'
import type { PartProgress } from './branch-messages.ts'
import { type EndAsked, judgeEnd } from './end-rules.ts'
import { type InitAsked, newIdentity } from './init-rules.ts'
import { concurrent, fenced, TransactionError, unknownMapping } from './transaction-error.ts'
import type { TransactionJoin } from './transaction-join.ts'
import {
  decodeTransaction,
  encodeTransaction,
  parseTransactionKey,
  transactionKey,
} from './transaction-rows.ts'
import {
  partKey,
  type ProducerIdentity,
  Transaction,
  type TransactionalProducer,
  type TransactionPart,
  type TransactionVersion,
} from './transaction.ts'

/** What the cells of a transaction write when it ends. */
export interface TransactionEnd extends ProducerIdentity {
  readonly transactionalId: string
  /** 2: its epoch is later than that of the records. */
  readonly version: TransactionVersion
  /** Of the store in which the decision is; it rises with each start. */
  readonly coordinatorEpoch: number
  readonly isCommit: boolean
  readonly parts: readonly TransactionPart[]
  readonly groups: readonly string[]
}

/** How far a transaction is in partitions of other cells, by `partKey`; without those whose leaders do not answer. */
export type LookElsewhere = (
  producerId: number,
  parts: readonly TransactionPart[],
) => Promise<ReadonlyMap<string, PartProgress>>

/** Has the markers written, one atom for each cell; resolves when all are durable. Does nothing twice. */
export type EndInCells = (end: TransactionEnd) => Promise<void>

export interface TransactionCoordinatorOptions {
  readonly store: Pick<LogStore, 'beginAtom' | 'endAtom' | 'epoch' | 'putState'>
  readonly clock: Clock
  readonly producerIds: Pick<ProducerIds, 'take'>
  readonly endInCells: EndInCells
  /** Left out where there are no other cells. */
  readonly lookElsewhere?: LookElsewhere | undefined
  /** Settings of Kafka, in milliseconds. */
  readonly timeoutMsMax?: () => number
  readonly idExpirationMs?: () => number
  readonly sweepMs?: () => number
  /** A transaction lasted too long and is aborted, or somebody had it aborted. */
  readonly onForced?: (transaction: Transaction) => void
  /** Markers could not be written; it is tried again. */
  readonly onTrouble?: (transaction: Transaction, error: unknown) => void
}

export interface TransactionTotals {
  committed: number
  aborted: number
  forced: number
}

export class TransactionCoordinator implements Disposable {
  readonly #options: TransactionCoordinatorOptions
  readonly #transactions = new Map<string, Transaction>()
  /** How transactions have ended since the start; those that were forced are among the aborted ones. */
  readonly totals: TransactionTotals = { committed: 0, aborted: 0, forced: 0 }
  #timer: Timer | undefined
  #isClosed = false

  constructor(options: TransactionCoordinatorOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#transactions.size
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Puts back what the last process kept. Throws GroupFormatError for what no version wrote. */
  restore(state: ReadonlyMap<string, Buffer>): void {
    for (const [key, value] of state) {
      const id = parseTransactionKey(key)
      if (id !== undefined) this.#transactions.set(id, decodeTransaction(id, value))
    }
  }

  /** Ends what was decided before the last end of the process, and from now on what lasts too long. */
  start(): void {
    for (const transaction of this.#transactions.values()) {
      // Nobody waits for it.
      if (transaction.isPrepared) this.#beginEnding(transaction, Promise.resolve()).catch(() => {})
    }
    this.#watch()
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    this.#timer?.stop()
  }

  /**
   * InitProducerId: the id and epoch with which a producer goes on; a transaction that is open is aborted
   * first, and whoever had the id is fenced. Throws TransactionError, and what `ProducerIds.take` throws.
   */
  async initProducer(asked: InitAsked): Promise<ProducerIdentity> {
    this.#checkInit(asked)
    const { transactionalId } = asked
    for (;;) {
      const transaction = this.#transactions.get(transactionalId)
      const isOpen = transaction?.state === 'Ongoing'
      if (isOpen && asked.claimed !== undefined) this.#checkClaim(transaction, asked.claimed)
      if (isOpen) this.#force(transaction)
      if (transaction?.ending === undefined) break
      await this.#expectOver(transaction)
    }
    // Taken before it is looked at again: another request may have come first meanwhile.
    const fresh = await this.#options.producerIds.take()
    const transaction = this.#transactions.get(transactionalId)
    if (transaction?.state === 'Ongoing' || transaction?.isPrepared === true) {
      throw concurrent(transactionalId)
    }
    return this.#renew(transaction ?? this.#add(transactionalId, fresh), asked, fresh)
  }

  /**
   * AddPartitionsToTxn, and what a write of version 2 does by itself. In the log of this store the write comes after
   * it; in another cell it must wait for the ticket, or a crash here leaves a part that nobody ends. Throws
   * TransactionError.
   */
  addPartitions(
    from: TransactionalProducer,
    parts: readonly TransactionPart[],
    version: TransactionVersion,
  ): Ticket | undefined {
    const transaction = this.#checked(from)
    const added = parts.filter((part) => !transaction.parts.has(partKey(part)))
    if (transaction.state === 'Ongoing' && added.length === 0) return pending(transaction)
    const count = transaction.parts.size + added.length
    if (count > transactionLimits.partitionsMax) throw tooMany('partitions', count)
    const { state, startedMs } = transaction
    for (const part of added) transaction.parts.set(partKey(part), part)
    transaction.join(version, this.#options.clock.now())
    const isKept = this.#save(transaction)
    if (isKept !== 'full') return isKept
    for (const part of added) transaction.parts.delete(partKey(part))
    Object.assign(transaction, { state, startedMs })
    throw noRoom()
  }

  /** AddOffsetsToTxn, and what a TxnOffsetCommit of version 2 does by itself. Throws TransactionError. */
  addGroup(
    from: TransactionalProducer,
    groupId: string,
    version: TransactionVersion,
  ): Ticket | undefined {
    const transaction = this.#checked(from)
    const { groups, state, startedMs } = transaction
    if (state === 'Ongoing' && groups.has(groupId)) return pending(transaction)
    if (groups.size >= transactionLimits.groupsMax) throw tooMany('groups', groups.size + 1)
    groups.add(groupId)
    transaction.join(version, this.#options.clock.now())
    const isKept = this.#save(transaction)
    if (isKept !== 'full') return isKept
    groups.delete(groupId)
    Object.assign(transaction, { state, startedMs })
    throw noRoom()
  }

  /**
   * Work of a client without a producer id becomes part of the transaction; returns by which producer id that is
   * known. Throws TransactionError.
   */
  enlist({ transactionalId, generation }: TransactionJoin): number {
    const transaction = this.#transactions.get(transactionalId)
    if (transaction === undefined) throw notFound(transactionalId)
    if (transaction.generation !== generation) throw fenced(transactionalId)
    if (transaction.isPrepared || transaction.ending !== undefined) {
      throw concurrent(transactionalId)
    }
    const { state } = transaction
    if (state === 'Ongoing') return transaction.producerId
    transaction.join(transaction.version, this.#options.clock.now())
    if (this.#save(transaction) !== 'full') return transaction.producerId
    transaction.state = state
    throw noRoom()
  }

  /**
   * Whether a producer may write to a partition now, which must be part of its transaction; another cell waits for the
   * ticket. Throws TransactionError.
   */
  verify(from: TransactionalProducer, part: TransactionPart): Ticket | undefined {
    const transaction = this.#checked(from)
    if (transaction.state === 'Ongoing' && transaction.parts.has(partKey(part))) {
      return pending(transaction)
    }
    const text = `The partition is not part of the transaction of '${from.transactionalId}'`
    throw new TransactionError('transaction_abortable', text)
  }

  /** The same for the offsets of a group. */
  verifyGroup(from: TransactionalProducer, groupId: string): void {
    const transaction = this.#checked(from)
    if (transaction.state === 'Ongoing' && transaction.groups.has(groupId)) return
    const text = `The group is not part of the transaction of '${from.transactionalId}'`
    throw new TransactionError('transaction_abortable', text)
  }

  /**
   * EndTxn; resolves when readers of committed records see it, or when it is decided and another cell takes long. The
   * answer is how the producer goes on, which only clients of version 2 are told. Throws TransactionError.
   */
  async end(transactionalId: string, asked: EndAsked): Promise<ProducerIdentity> {
    const transaction = this.#transactions.get(transactionalId)
    if (transaction === undefined) throw unknownMapping(transactionalId)
    if (transaction.isNext(asked.from)) throw concurrent(transactionalId)
    if (judgeEnd(transaction, asked) === 'done') return transaction.identity
    if (transaction.ending !== undefined) throw concurrent(transactionalId)
    const ending = this.#decide(transaction, asked.isCommit, asked.version)
    if (await this.#isOverSoon(ending)) return transaction.identity
    // It is decided, and goes on by itself: another cell is down. As from Kafka, its producer may go on.
    if (!transaction.isPrepared || transaction.kept?.isDurable === false) {
      throw concurrent(transactionalId)
    }
    return transaction.nextIdentity
  }

  /**
   * Aborts what is open, whoever has it, and fences them. Throws `transactional_id_not_found`, and
   * `concurrent_transactions` when that takes longer: it goes on by itself.
   */
  async abort(transactionalId: string): Promise<void> {
    const transaction = this.#transactions.get(transactionalId)
    if (transaction === undefined) throw notFound(transactionalId)
    if (transaction.state === 'Ongoing') this.#force(transaction)
    await this.#expectOver(transaction)
  }

  /** Throws `transactional_id_not_found`. */
  describe(transactionalId: string): Transaction {
    const transaction = this.#transactions.get(transactionalId)
    if (transaction === undefined) throw notFound(transactionalId)
    return transaction
  }

  /** How far a transaction is in other cells, as their leaders say, if they do. */
  async lookElsewhere({
    parts,
    producerId,
  }: Transaction): Promise<ReadonlyMap<string, PartProgress>> {
    const elsewhere = [...parts.values()].filter((part) => part.elsewhere !== undefined)
    const { lookElsewhere } = this.#options
    if (elsewhere.length === 0 || lookElsewhere === undefined) return new Map()
    return lookElsewhere(producerId, elsewhere)
  }

  find(transactionalId: string): Transaction | undefined {
    return this.#transactions.get(transactionalId)
  }

  /** All of them, in no particular order; they may change meanwhile. */
  list(): IterableIterator<Transaction> {
    return this.#transactions.values()
  }

  #checkInit({ transactionalId, timeoutMs }: InitAsked): void {
    const { idsMax, idLengthMax } = transactionLimits
    const timeoutMsMax = this.#options.timeoutMsMax?.() ?? transactionLimits.timeoutMsMax
    if (transactionalId === '' || transactionalId.length > idLengthMax) {
      throw new TransactionError('invalid_request', 'The transactional id is empty or too long')
    }
    if (timeoutMs <= 0 || timeoutMs > timeoutMsMax) {
      throw new TransactionError(
        'invalid_transaction_timeout',
        'The transaction timeout is larger than the maximum value allowed by the broker (as configured by transaction.max.timeout.ms).',
      )
    }
    if (this.#transactions.has(transactionalId) || this.#transactions.size < idsMax) return
    throw tooMany('transactional ids', idsMax + 1)
  }

  /** Somebody who comes back with an old id or epoch must not abort the transaction of another. */
  #checkClaim(transaction: Transaction, claimed: ProducerIdentity): void {
    const { producerId, epoch, id } = transaction
    if (claimed.producerId !== producerId || claimed.epoch !== epoch) throw fenced(id)
  }

  #add(id: string, producerId: number): Transaction {
    const transaction = new Transaction(id, producerId)
    this.#transactions.set(id, transaction)
    return transaction
  }

  async #renew(
    transaction: Transaction,
    asked: InitAsked,
    freshId: number,
  ): Promise<ProducerIdentity> {
    const isNew = transaction.epoch < 0
    const { identity, lastEpoch } = newIdentity(transaction, asked, freshId)
    transaction.renew(identity, lastEpoch, asked.timeoutMs)
    transaction.updatedMs = this.#options.clock.now()
    const ticket = this.#save(transaction)
    if (ticket === 'full') {
      if (isNew) this.#transactions.delete(transaction.id)
      throw noRoom()
    }
    await whenDurable(ticket)
    return identity
  }

  #checked(from: TransactionalProducer): Transaction {
    const { transactionalId: id } = from
    const transaction = this.#transactions.get(id)
    if (transaction?.isNext(from) === true) throw concurrent(id)
    if (transaction === undefined || transaction.producerId !== from.producerId) {
      throw unknownMapping(id)
    }
    if (transaction.epoch !== from.epoch) throw fenced(id)
    if (transaction.isPrepared || transaction.ending !== undefined) throw concurrent(id)
    return transaction
  }

  /** From here on it is being ended, and decided as soon as there is a producer id to go on with. */
  #decide(transaction: Transaction, isCommit: boolean, version: TransactionVersion): Promise<void> {
    return this.#beginEnding(transaction, this.#prepare(transaction, isCommit, version))
  }

  /** Throws what `ProducerIds.take` throws; then nothing was decided. */
  async #prepare(
    transaction: Transaction,
    isCommit: boolean,
    version: TransactionVersion,
  ): Promise<void> {
    const { producerIds, clock } = this.#options
    if (version === 2 && transaction.isEpochExhausted) {
      transaction.nextProducerId = await producerIds.take()
    }
    transaction.prepare(isCommit, version, clock.now())
    const ticket = this.#save(transaction)
    // There was room for more before: it has changed a number only.
    await whenDurable(ticket === 'full' ? undefined : ticket)
  }

  #force(transaction: Transaction): void {
    if (transaction.ending !== undefined) return
    const { onForced, onTrouble } = this.#options
    onForced?.(transaction)
    this.totals.forced++
    // Without an id to go on with it stays open, and the next sweep tries again.
    this.#decide(transaction, false, 2).catch((error: unknown) => {
      if (!this.#isClosed) onTrouble?.(transaction, error)
    })
  }

  /** False when it takes longer than clients wait. Rejects as `ending`. */
  async #isOverSoon(ending: Promise<void>): Promise<boolean> {
    const { clock } = this.#options
    const late = new Error('late')
    try {
      await inTime(clock, transactionLimits.endAnswerMsMax, ending, () => late)
      return true
    } catch (error) {
      if (error !== late) throw error
      return false
    }
  }

  /** Throws `concurrent_transactions` when its end takes longer than clients wait. */
  async #expectOver({ id, ending }: Transaction): Promise<void> {
    if (ending !== undefined && !(await this.#isOverSoon(ending))) throw concurrent(id)
  }

  #beginEnding(transaction: Transaction, prepared: Promise<void>): Promise<void> {
    const ending = this.#finish(transaction, prepared).finally(() => {
      if (transaction.ending === ending) transaction.ending = undefined
    })
    transaction.ending = ending
    return ending
  }

  async #finish(transaction: Transaction, prepared: Promise<void>): Promise<void> {
    await prepared
    await this.#endInCells(transaction)
    // The next process ends it. What the producer goes on with is not known yet.
    if (this.#isClosed) throw concurrent(transaction.id)
    this.totals[transaction.state === 'PrepareCommit' ? 'committed' : 'aborted']++
    transaction.complete(this.#options.clock.now())
    this.#save(transaction)
  }

  async #endInCells(transaction: Transaction): Promise<void> {
    const { id, producerId, epoch, state } = transaction
    const { store, endInCells, onTrouble, clock } = this.#options
    const end = {
      transactionalId: id,
      producerId,
      epoch,
      version: transaction.version,
      coordinatorEpoch: store.epoch,
      isCommit: state === 'PrepareCommit',
      parts: [...transaction.parts.values()],
      groups: [...transaction.groups],
    }
    while (!this.#isClosed) {
      try {
        await endInCells(end)
        return
      } catch (error) {
        onTrouble?.(transaction, error)
        await new Promise<void>((resolve) => void clock.after(transactionLimits.retryMs, resolve))
      }
    }
  }

  #save(transaction: Transaction): Ticket | undefined | 'full' {
    const { store } = this.#options
    store.beginAtom()
    const isKept = store.putState(transactionKey(transaction.id), encodeTransaction(transaction))
    const ticket = store.endAtom()
    if (!isKept) return 'full'
    transaction.kept = ticket
    return ticket
  }

  #watch(): void {
    const { clock, sweepMs } = this.#options
    this.#timer = clock.after(sweepMs?.() ?? transactionLimits.sweepMs, () => {
      this.#sweep()
      this.#watch()
    })
  }

  #sweep(): void {
    const { clock, idExpirationMs } = this.#options
    const now = clock.now()
    const expiredBefore = now - (idExpirationMs?.() ?? transactionLimits.idExpirationMs)
    for (const transaction of this.#transactions.values()) {
      if (transaction.ending !== undefined || transaction.isPrepared) continue
      if (transaction.state === 'Ongoing') {
        if (now - transaction.startedMs > transaction.timeoutMs) this.#force(transaction)
      } else if (transaction.updatedMs < expiredBefore) this.#forget(transaction)
    }
  }

  #forget({ id }: Transaction): void {
    const { store } = this.#options
    this.#transactions.delete(id)
    store.beginAtom()
    store.putState(transactionKey(id), undefined)
    store.endAtom()
  }
}

/** What is known of it may be lost until then. */
function pending(transaction: Transaction): Ticket | undefined {
  if (transaction.kept?.isDurable === true) transaction.kept = undefined
  return transaction.kept
}

function notFound(transactionalId: string): TransactionError {
  const text = `There is no transactional id '${transactionalId}'`
  return new TransactionError('transactional_id_not_found', text)
}

function tooMany(what: string, count: number): TransactionError {
  return new TransactionError('policy_violation', `${count} ${what} are too many`)
}

function noRoom(): TransactionError {
  return new TransactionError('policy_violation', 'There is no room for more transactions')
}
