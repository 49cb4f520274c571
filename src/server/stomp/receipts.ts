// RECEIPT frames (STOMP 1.2 "RECEIPT"). Each leaves when what its frame asked for is durable, in the order in which
// that was done, so a receipt also says that what was done before is durable.
import type { ClientCounters } from '../../broker/counters/client-counters.ts'
import { Fifo } from '../../lib/fifo.ts'
import { stompLimits } from '../../limits/stomp.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { SessionConnection } from './session-connection.ts'

interface PendingReceipt {
  readonly id: string
  readonly ticket: Ticket | undefined
  /** It confirms a message. */
  readonly isConfirm: boolean
}

export class Receipts {
  readonly #connection: SessionConnection
  readonly #counters: ClientCounters
  readonly #pending = new Fifo<PendingReceipt>()
  #lastTicket: Ticket | undefined
  #pendingConfirms = 0
  #onEmpty: (() => void) | undefined

  constructor(connection: SessionConnection, counters: ClientCounters) {
    this.#connection = connection
    this.#counters = counters
  }

  /** Messages whose receipts wait for the disk. */
  get unconfirmedCount(): number {
    return this.#pendingConfirms
  }

  /** A frame has asked for a receipt: it takes memory until that is written, or dropped. */
  hold(id: string): void {
    this.#connection.held.change('parked', sizeOf(id))
  }

  /** There will be no receipt. */
  drop(id: string): void {
    const { held } = this.#connection
    held.change('parked', -sizeOf(id))
    held.resumeIfFew()
  }

  /** Sends a receipt that is held once `ticket` is durable, at once when there is nothing to wait for. */
  add(id: string, ticket: Ticket | undefined, isConfirm = false): void {
    this.#pending.push({ id, ticket, isConfirm })
    if (isConfirm) this.#pendingConfirms++
    if (ticket !== undefined && ticket !== this.#lastTicket) {
      this.#lastTicket = ticket
      ticket.whenDurable(this.#write)
    } else if (this.#pending.size === 1) this.#write()
  }

  /** Does `action` when all receipts have been written. */
  whenEmpty(action: () => void): void {
    this.#onEmpty = action
    this.#write()
  }

  readonly #write = (): void => {
    const pending = this.#pending
    while (pending.first !== undefined && pending.first.ticket?.isDurable !== false) {
      const { id, isConfirm } = pending.shift() as PendingReceipt
      if (isConfirm) {
        this.#pendingConfirms--
        this.#counters.confirmed++
      }
      this.#connection.send({ command: 'RECEIPT', headers: { 'receipt-id': id } })
      this.drop(id)
    }
    if (pending.size > 0) return
    const onEmpty = this.#onEmpty
    this.#onEmpty = undefined
    onEmpty?.()
  }
}

function sizeOf(id: string): number {
  return stompLimits.keptHeaderSize + id.length
}
