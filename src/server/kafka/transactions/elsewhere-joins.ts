// What one produce has asked the coordinator of its transaction, which another cell than that of its partitions has:
// one question for each cell of this node that leads some of them, before anything of the request is stored. Nobody
// asks for a partition in which the transaction is open: it is a part of it.
import type { NamedPart } from '../../../broker/transaction/branch-messages.ts'
import type { Joining, TransactionBranch } from '../../../broker/transaction/transaction-branch.ts'
import { concurrent, unknownMapping } from '../../../broker/transaction/transaction-error.ts'
import type { TransactionalProducer } from '../../../broker/transaction/transaction.ts'
import type { RequestContext } from '../request-context.ts'
import {
  addsSince,
  isTransactional,
  producerOf,
  type TransactionalBatch,
} from './transactional-batch.ts'

export class ElsewhereJoins implements Disposable {
  readonly #context: RequestContext
  readonly #parts = new Map<TransactionBranch, NamedPart[]>()
  readonly #joinings = new Map<TransactionBranch, Joining>()
  /** Of the first batch: a request has one producer. */
  #from: TransactionalProducer | undefined

  constructor(context: RequestContext) {
    this.#context = context
  }

  /** Whether somebody is to be asked. */
  get isNeeded(): boolean {
    return this.#parts.size > 0
  }

  /** A batch that is to be stored. */
  look(batch: TransactionalBatch): void {
    const { led, access } = this.#context
    const { branch } = led.cellOf(batch.partition)
    if (branch === undefined || !isTransactional(batch.batch)) return
    const from = producerOf(batch)
    if (from === undefined || !access.mayTransactionalId('write', from.transactionalId)) return
    this.#from ??= from
    if (!isSame(from, this.#from) || branch.isOpenIn(batch.partition, from)) return
    const part = { topicId: batch.view.topicId, partition: batch.index }
    const parts = this.#parts.get(branch)
    if (parts === undefined) this.#parts.set(branch, [part])
    else parts.push(part)
  }

  /** Resolves when all answers are there, or will not come. */
  async ask(): Promise<void> {
    const from = this.#from
    if (from === undefined) return
    const version = this.#context.apiVersion >= addsSince ? 2 : 1
    for (const [branch, parts] of this.#parts) {
      this.#joinings.set(branch, branch.join(from, parts, version))
    }
    for (const { answered } of this.#joinings.values()) await answered
  }

  /** Throws TransactionError when a batch may not be stored in this part. */
  expect(branch: TransactionBranch, from: TransactionalProducer, part: NamedPart): void {
    // As Kafka: all transactional records of a request are of one producer.
    if (this.#from !== undefined && !isSame(from, this.#from)) {
      throw unknownMapping(from.transactionalId)
    }
    const joining = this.#joinings.get(branch)
    if (joining === undefined) throw concurrent(from.transactionalId)
    joining.expect(part)
  }

  [Symbol.dispose](): void {
    for (const joining of this.#joinings.values()) joining[Symbol.dispose]()
  }
}

function isSame(one: TransactionalProducer, other: TransactionalProducer): boolean {
  return one.producerId === other.producerId && one.epoch === other.epoch
}
