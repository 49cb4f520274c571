// What one cell does at the end of a transaction: one atom with the markers of all its partitions, with what
// groups have committed in it, and with whatever else was put into it.
import type { LogStore } from '../../log/log-store.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { Partition } from '../topic/partition.ts'
import type { TransactionEnd } from './transaction-coordinator.ts'
import type { TransactionPart } from './transaction.ts'

/** Whatever may be part of a transaction beside partitions. */
export interface TransactionMember {
  /**
   * Makes it so, or as if it had not been. Does nothing a second time. Within an atom; what it returns is called when
   * that is durable.
   */
  onTransactionEnd(end: TransactionEnd): (() => void) | undefined
}

export interface TransactionCellOptions {
  readonly store: LogStore
  /** The partition with this log, if it is still there. */
  readonly findPartition: (part: TransactionPart) => Partition | undefined
  /** It is about to end in this partition. Within the atom. */
  readonly onEnding?: (part: TransactionPart, partition: Partition, end: TransactionEnd) => void
}

export class TransactionCell {
  /** Told in this order. */
  readonly members: TransactionMember[] = []
  readonly #options: TransactionCellOptions

  constructor(options: TransactionCellOptions) {
    this.#options = options
  }

  /** Settled when all is known that an end should know; undefined: it is. */
  whenKnown({ parts }: TransactionEnd): Promise<unknown> | undefined {
    const restoring = parts.flatMap((part) => this.#options.findPartition(part)?.restoring ?? [])
    return restoring.length === 0 ? undefined : Promise.all(restoring)
  }

  /** Ends what of it is in this cell and still open. Not within an atom. */
  end(end: TransactionEnd): Ticket | undefined {
    const { store, findPartition, onEnding } = this.#options
    store.beginAtom()
    for (const part of end.parts) {
      const partition = findPartition(part)
      if (partition === undefined) continue
      onEnding?.(part, partition, end)
      partition.endTransaction(end)
    }
    const ended = this.members.map((member) => member.onTransactionEnd(end))
    const ticket = store.endAtom()
    for (const onDurable of ended) {
      if (onDurable === undefined) continue
      if (ticket === undefined) onDurable()
      else ticket.whenDurable(onDurable)
    }
    return ticket
  }
}
