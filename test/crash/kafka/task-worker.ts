// A work queue that Kafka's producers fill and an AMQP worker empties. An ack is certainly flushed when
// a synchronous method that was sent after it has been answered, and then something that was produced
// after that answer has been acked, all by the same broker process.

import { setTimeout as delay } from 'node:timers/promises'
import type { ConfirmChannel, ConsumeMessage } from 'amqplib'
import { AmqpSession } from '../../support/amqp-session.ts'
import { idOf, parseValue, type PlannedRecord } from './planned-record.ts'
import type { RecordLedger, Send } from './record-ledger.ts'

const name = 'worker'
const prefetch = 20
const reconnectMs = 20
/** Acks between two questions to the broker. */
const acksPerQuestion = 15

export class TaskWorker {
  readonly #ledger: RecordLedger
  readonly #url: string
  readonly #received = new Set<string>()
  /** Session → number of the last record that was delivered for the first time. */
  readonly #lastNumbers = new Map<string, number>()
  /** Acks that the broker has handled, and when that was known. */
  #handled: { readonly id: string; readonly knownAt: number }[] = []
  readonly #flushed = new Set<string>()
  /** What a dead broker had delivered ahead of its disk; its producer may have had to send it again. */
  readonly #unsure = new Set<string>()
  #session: AmqpSession | undefined
  #isOver = false

  constructor(ledger: RecordLedger, url: string) {
    this.#ledger = ledger
    this.#url = url
    ledger.onAcked = (send) => this.#onProduced(send)
  }

  /** Works until it is closed; connects again when the broker is back. */
  async run(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#work()
      } catch {
        // The broker is not there, or went away.
        await delay(reconnectMs)
      }
    }
  }

  async close(): Promise<void> {
    this.#isOver = true
    await this.#session?.[Symbol.asyncDispose]()
  }

  /** How many acked records it has not got yet. */
  get missingCount(): number {
    let count = 0
    for (const id of this.#ledger.placed[0]!.values()) if (!this.#received.has(id)) count++
    return count
  }

  async #work(): Promise<void> {
    await using session = await AmqpSession.open(this.#url, { noDelay: true })
    this.#session = session
    const closed = new Promise((resolve) => session.model.once('close', resolve))
    const channel = await session.confirmChannel()
    await channel.prefetch(prefetch)
    let acked: string[] = []
    const onMessage = (message: ConsumeMessage | null): void => {
      if (message === null || this.#isOver) return
      const id = this.#receive(message)
      channel.ack(message)
      if (id !== undefined) acked.push(id)
      if (acked.length < acksPerQuestion) return
      void this.#ask(channel, acked)
      acked = []
    }
    await channel.consume(this.#ledger.topic, onMessage)
    await closed
    this.#onClosed()
  }

  /** Nothing that was not flushed by now is certain to be. */
  #onClosed(): void {
    this.#handled = []
    const placed = new Set(this.#ledger.placed[0]!.values())
    for (const id of this.#received) if (!placed.has(id)) this.#unsure.add(id)
  }

  #receive({ content, fields }: ConsumeMessage): string | undefined {
    const ledger = this.#ledger
    const record = parseValue(content)
    const id = record === undefined ? '' : idOf(record)
    const flag = fields.redelivered ? 'gets (redelivered) and acks' : 'gets and acks'
    ledger.history.note(name, flag, ledger.label(0), id)
    if (record === undefined || !ledger.sent.has(id)) {
      ledger.violate(0, id, 'was delivered to the worker and never sent')
      return undefined
    }
    if (this.#flushed.has(id)) ledger.violate(0, id, 'is back although its ack was flushed')
    if (!fields.redelivered) this.#checkFirst(record, id)
    this.#received.add(id)
    ledger.counts.delivered++
    return id
  }

  /** A first delivery is one, and in the order of the producer. */
  #checkFirst({ session, number }: PlannedRecord, id: string): void {
    const last = this.#lastNumbers.get(session) ?? 0
    if (this.#unsure.delete(id)) return
    if (this.#received.has(id)) this.#ledger.violate(0, id, 'came twice as if for the first time')
    else if (number < last) this.#ledger.violate(0, id, `came after number ${last}`)
    this.#lastNumbers.set(session, Math.max(last, number))
  }

  async #ask(channel: ConfirmChannel, acked: readonly string[]): Promise<void> {
    const answered = await channel.checkQueue(this.#ledger.topic).catch(() => undefined)
    if (answered === undefined) return
    const knownAt = this.#ledger.history.note(name, `knows of ${acked.length} handled acks`)
    for (const id of acked) this.#handled.push({ id, knownAt })
  }

  #onProduced({ sentAt }: Send): void {
    const flushed = this.#handled.filter(({ knownAt }) => knownAt < sentAt)
    for (const { id } of flushed) this.#flushed.add(id)
    if (flushed.length > 0) {
      this.#handled = this.#handled.filter(({ knownAt }) => knownAt >= sentAt)
    }
  }
}
