// Publishing on a connection: SEND frames become messages for its intake, and what becomes of them becomes receipts.
import type { Rights } from '../../auth/rights.ts'
import type { ClientCounters } from '../../broker/counters/client-counters.ts'
import type { Destination } from '../../broker/destination.ts'
import type { Intake, IntakeClient } from '../../broker/publish/intake.ts'
import type { KeptMessage } from '../../broker/publish/kept-message.ts'
import type { PublishLimit } from '../../broker/rate/publish-limit.ts'
import type { Party } from '../../broker/trace/party.ts'
import type { VHost } from '../../broker/vhost.ts'
import { stompLimits } from '../../limits/stomp.ts'
import { encodeAddress } from '../../record/message/address.ts'
import { encodeContentHeader } from '../../record/message/content-header.ts'
import { setAddress, setHeader } from '../../record/message/fill-source.ts'
import type { BasicProperties } from '../../record/message/properties.gen.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import type { Address } from './destination.ts'
import { partyOn } from './party.ts'
import type { Receipts } from './receipts.ts'
import type { SessionConnection } from './session-connection.ts'
import { StompError } from './stomp-error.ts'
import type { StompFrame } from './stomp-frame.ts'

/** The session that messages come in on. */
export interface PublishingSession {
  readonly connection: SessionConnection
  readonly vhost: VHost<Destination>
  readonly rights: Rights
  readonly counters: ClientCounters
  readonly receipts: Receipts
}

/** Of messages that nobody wants a receipt for. */
const noReceipt = 0

export class StompPublisher implements IntakeClient {
  readonly intake: Intake
  /** STOMP's clients have reply queues of their own. */
  readonly replyAddress: undefined = undefined
  readonly #session: PublishingSession
  readonly #source = new RecordSource()
  /** Receipts by the note of their message, until it is in its queues. */
  readonly #receiptIds = new Map<number, string>()
  /** Of the COMMIT that is being done: only one is, because nothing is read while it waits. */
  waitingReceipt: string | undefined
  #lastNote = noReceipt
  /** Where the last message went: a client mostly goes on with that. */
  #address: Address = { exchange: '', routingKey: '' }
  #addressBytes: Buffer = encodeAddress('', '')

  constructor(session: PublishingSession) {
    this.#session = session
    this.intake = session.connection.context.broker.createIntake(session.vhost, this)
  }

  get user(): string {
    return this.#session.connection.principal?.user ?? ''
  }

  get tags(): readonly string[] {
    return this.#session.connection.principal?.tags ?? []
  }

  get party(): Party {
    return partyOn(this.#session.connection)
  }

  get rights(): Rights {
    return this.#session.rights
  }

  /** Publishes a message; its receipt is sent when it is durable. Throws what `Intake.offer` throws. */
  publish(frame: StompFrame, address: Address, properties: BasicProperties): void {
    const source = this.#fill(frame, address, properties)
    const note = this.#note(frame)
    this.#meter(source)
    try {
      this.intake.offer(source, note)
    } catch (error) {
      this.#forget(note)
      throw error
    }
    this.#afterOffer()
  }

  /** Keeps a message for a commit. Throws what `Intake.keep` throws. */
  keep(frame: StompFrame, address: Address, properties: BasicProperties): KeptMessage {
    const source = this.#fill(frame, address, properties)
    const note = this.#note(frame)
    this.#meter(source)
    try {
      return this.intake.keep(source, note)
    } catch (error) {
      this.#forget(note)
      throw error
    }
  }

  /** A message that was kept is not committed. */
  drop(message: KeptMessage): void {
    this.#forget(message.note)
    message.release()
  }

  /** The intake may have begun to hold up what comes next, or have ended to. */
  #afterOffer(): void {
    if (this.intake.isHolding) this.#session.connection.onHoldingChanged(true)
  }

  onPublished(source: RecordSource, note: number): void {
    const { ticket, isRouted, isRefused, exchange } = this.intake
    const { connection, counters } = this.#session
    counters.published++
    counters.routed += this.intake.routedCount
    connection.context.broker.counters.messageSizes.observe(source.bodyEnd - source.bodyStart)
    if (!isRouted) {
      counters.dropped++
      if (exchange !== undefined) exchange.dropped++
    }
    if (ticket !== undefined) connection.lastTicket = ticket
    if (note !== noReceipt) this.#confirm(note, isRefused)
  }

  onRefused(error: unknown, note: number | undefined): void {
    const receipt = note === undefined ? this.waitingReceipt : this.#receiptIds.get(note)
    if (note !== undefined) this.#forget(note)
    this.#session.connection.onError(error, receipt)
  }

  onLimited(limit: PublishLimit, size: number): void {
    this.#session.connection.rate?.onQueued(limit, 1, size)
  }

  onHeldSize(kind: 'parked' | 'input', size: number): void {
    const { held } = this.#session.connection
    held.change(kind, size)
    if (kind === 'parked' && size < 0) held.resumeIfFew()
  }

  onGoOn(): void {
    if (!this.intake.isHolding) this.#session.connection.onHoldingChanged(false)
  }

  /** The session is over. */
  release(): void {
    this.intake.release()
    this.#receiptIds.clear()
  }

  #fill(
    { buffer, start, end, isBodyOwn }: StompFrame,
    address: Address,
    properties: BasicProperties,
  ): RecordSource {
    const source = this.#source
    setAddress(source, this.#encodeAddress(address))
    const header = encodeContentHeader(end - start, properties)
    checkHeaderSize(header)
    setHeader(source, header)
    source.body = buffer
    source.bodyStart = start
    source.bodyEnd = end
    source.isBodyOwn = isBodyOwn
    source.asideId = 0
    const { connection, vhost } = this.#session
    source.companion = connection.context.mqtt?.sessions?.retention.companionOf(vhost, source)
    return source
  }

  #encodeAddress(address: Address): Buffer {
    const { exchange, routingKey } = this.#address
    if (address.exchange === exchange && address.routingKey === routingKey)
      return this.#addressBytes
    this.#addressBytes = encodeAddress(address.exchange, address.routingKey)
    this.#address = address
    return this.#addressBytes
  }

  #meter({ bodyStart, bodyEnd }: RecordSource): void {
    const { connection } = this.#session
    connection.onPublished()
    const { rate } = connection
    if (rate?.isLimited !== true) return
    rate.look()
    rate.onPublished(1, bodyEnd - bodyStart)
  }

  #note({ headers }: StompFrame): number {
    const receipt = headers.get('receipt')
    if (receipt === undefined) return noReceipt
    this.#session.counters.confirmable++
    const note = ++this.#lastNote
    this.#receiptIds.set(note, receipt)
    this.#session.receipts.hold(receipt)
    return note
  }

  /** The message will not be published. */
  #forget(note: number): void {
    const id = this.#receiptIds.get(note)
    this.#receiptIds.delete(note)
    if (id !== undefined) this.#session.receipts.drop(id)
  }

  #confirm(note: number, isRefused: boolean): void {
    const { receipts, connection } = this.#session
    const id = this.#receiptIds.get(note)
    this.#receiptIds.delete(note)
    if (id === undefined) return
    if (!isRefused) {
      receipts.add(id, this.intake.ticket, true)
      return
    }
    receipts.drop(id)
    // RabbitMQ says nothing.
    connection.send({
      command: 'ERROR',
      headers: { message: 'Message refused', 'content-type': 'text/plain', 'receipt-id': id },
      body: 'A queue of its destination is full.\n',
    })
  }
}

/** What no client of AMQP could be sent is not taken. */
function checkHeaderSize({ length }: Buffer): void {
  if (length <= stompLimits.messageHeadersSizeMax) return
  throw new StompError(
    'Invalid header',
    `Headers of a message have at most ${stompLimits.messageHeadersSizeMax} bytes\n`,
  )
}
