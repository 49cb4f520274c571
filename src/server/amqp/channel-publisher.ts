// Publishing on a channel: frames become messages for its intake, and what becomes of them becomes
// returns and confirms.
import type { Rights } from '../../auth/rights.ts'
import { bodyTooLarge } from '../../broker/broker-error.ts'
import type { ClientCounters } from '../../broker/counters/client-counters.ts'
import type { Destination } from '../../broker/destination.ts'
import type { Intake, IntakeClient } from '../../broker/publish/intake.ts'
import type { KeptMessage } from '../../broker/publish/kept-message.ts'
import type { PublishLimit } from '../../broker/rate/publish-limit.ts'
import type { ReplyAddressee } from '../../broker/reply-registry.ts'
import type { Party } from '../../broker/trace/party.ts'
import type { VHost } from '../../broker/vhost.ts'
import { replyCodes } from '../../codec/amqp/methods.gen.ts'
import type { Histogram } from '../../lib/histogram.ts'
import { pagePool } from '../../lib/page-pool.ts'
import type { Ticket } from '../../log/ticket.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import type { Confirms } from './confirms.ts'
import type { ClosableChannel, ConfirmingChannel, ConnectionSession } from './connection-session.ts'
import { partyOn } from './party.ts'
import { PublishState, setBody } from './publish-state.ts'
import { ProtocolError } from './reply.ts'
import { type ContentTarget, writeReturn } from './write-content.ts'

/** The channel that messages come in on. */
export interface PublishingChannel extends ContentTarget, ClosableChannel, ConfirmingChannel {
  readonly connection: ConnectionSession
  readonly vhost: VHost<Destination>
  readonly counters: ClientCounters
  /** Takes direct answers. */
  readonly replyConsumer: ReplyAddressee | undefined
  /** Where messages are kept until a commit. */
  readonly transaction: { addPublish(message: KeptMessage): void } | undefined
  /** Handles what was parked while the intake was holding. */
  goOn(): void
}

/** What an intake gives back with a message: whether it is returned when no queue has it. */
const note = { optional: 0, mandatory: 1 } as const

const noRoute = { code: replyCodes.no_route.code, text: replyCodes.no_route.name }

const empty = Buffer.alloc(0)

export class ChannelPublisher implements IntakeClient {
  /** Set by confirm.select. */
  confirms: Confirms | undefined
  readonly intake: Intake
  readonly #channel: PublishingChannel
  readonly #state: PublishState
  readonly #source = new RecordSource()
  readonly #sizes: Histogram
  /** Bytes of a message on its way in that the connection holds. */
  #inputSize = 0

  constructor(channel: PublishingChannel) {
    this.#channel = channel
    const { broker, settings } = channel.connection.context
    this.#state = new PublishState(settings.messageSizeMax)
    this.#sizes = broker.counters.messageSizes
    this.intake = broker.createIntake(channel.vhost, this)
  }

  get user(): string {
    return this.#channel.connection.principal?.user ?? ''
  }

  get party(): Party {
    return partyOn(this.#channel)
  }

  get tags(): readonly string[] {
    return this.#channel.connection.principal?.tags ?? []
  }

  get rights(): Rights {
    return this.#channel.connection.rights
  }

  get replyAddress(): string | undefined {
    return this.#channel.replyConsumer?.address
  }

  /** Whether a message's header or body is still to come. */
  get isReceiving(): boolean {
    return this.#state.at !== 'idle'
  }

  get at(): PublishState['at'] {
    return this.#state.at
  }

  /** What belongs to it is read when its turn comes. */
  onMethod(buffer: Buffer, start: number, end: number): void {
    this.#state.onMethod(buffer, start, end)
    const { rate } = this.#channel.connection
    if (rate?.isLimited === true) rate.look()
  }

  onHeader(buffer: Buffer, start: number, end: number): void {
    if (!this.#state.onHeader(buffer, start, end)) {
      this.#holdInput(this.#state.heldSize)
      return
    }
    setBody(this.#source, buffer, start, start)
    this.#onComplete()
  }

  onBody(buffer: Buffer, start: number, end: number): void {
    if (!this.#state.onBody(buffer, start, end, this.#source)) {
      this.#holdInput(this.#state.heldSize)
      return
    }
    this.#holdInput(0)
    if (this.#source.isBodyOwn) this.#onGathered()
    else this.#onComplete()
  }

  /** Sends the confirms that are due. */
  writeConfirms(): void {
    const { connection, counters, number } = this.#channel
    counters.confirmed += this.confirms?.write(connection.output, number) ?? 0
    connection.scheduleFlush()
  }

  onPublished(source: RecordSource, noted: number): void {
    const { ticket, isRouted, isRefused } = this.intake
    const { connection, counters } = this.#channel
    counters.published++
    counters.routed += this.intake.routedCount
    this.#sizes.observe(source.bodyEnd - source.bodyStart)
    if (!isRouted) this.#onUnroutable(source, noted === note.mandatory)
    if (ticket !== undefined) connection.lastTicket = ticket
    if (this.confirms === undefined) return
    counters.confirmable++
    this.#confirm(this.confirms, ticket, isRefused)
  }

  onRefused(error: unknown): void {
    this.#channel.connection.onError(error, this.#channel)
  }

  onLimited(limit: PublishLimit, size: number): void {
    this.#channel.connection.rate?.onQueued(limit, 1, size)
  }

  onHeldSize(kind: 'parked' | 'input', size: number): void {
    this.#channel.connection.held.change(kind, size)
  }

  onGoOn(): void {
    this.#channel.goOn()
  }

  /** The channel is gone. */
  release(): void {
    this.intake.release()
    this.#state.release()
    this.#holdInput(0)
  }

  /** The message that is coming in takes so many bytes by now. */
  #holdInput(size: number): void {
    const more = size - this.#inputSize
    if (more === 0) return
    this.#inputSize = size
    this.#channel.connection.held.change('input', more)
  }

  /** The body came in several frames. Whoever needs it for longer than this retains it. */
  #onGathered(): void {
    const { body } = this.#source
    try {
      this.#onComplete()
    } finally {
      pagePool.release(body)
      setBody(this.#source, empty, 0, 0)
    }
  }

  #onComplete(): void {
    const { transaction, connection } = this.#channel
    const source = this.#source
    this.#state.fill(source)
    this.#checkMethod()
    const retention = connection.context.mqtt?.sessions?.retention
    source.companion = retention?.companionOf(this.#channel.vhost, source)
    connection.blockedNotice.onPublished()
    const { rate } = connection
    if (rate?.isLimited === true) rate.onPublished(1, source.bodyEnd - source.bodyStart)
    const noted = this.#state.isMandatory ? note.mandatory : note.optional
    if (transaction === undefined) this.intake.offer(source, noted)
    else transaction.addPublish(this.intake.keep(source, noted))
  }

  #checkMethod(): void {
    const { isImmediate, isTooLarge, bodySize } = this.#state
    if (isImmediate) throw new ProtocolError('not_implemented', 'immediate=true')
    if (!isTooLarge) return
    const { messageSizeMax } = this.#channel.connection.context.settings
    throw bodyTooLarge(bodySize, messageSizeMax)
  }

  /** A message that reached no queue goes back to a client that wants to know. */
  #onUnroutable(source: RecordSource, isMandatory: boolean): void {
    const { counters, connection } = this.#channel
    const { exchange } = this.intake
    if (!isMandatory) {
      counters.dropped++
      if (exchange !== undefined) exchange.dropped++
      return
    }
    counters.returned++
    if (exchange !== undefined) exchange.returned++
    writeReturn(this.#channel, noRoute, source)
    connection.scheduleFlush()
  }

  #confirm(confirms: Confirms, ticket: Ticket | undefined, isRefused: boolean): void {
    const isNewTicket = confirms.track(ticket, isRefused)
    if (isNewTicket) ticket?.whenDurable(this.#channel.onDurable)
    else if (ticket === undefined) this.#channel.connection.scheduleConfirms(this.#channel)
  }
}
